"""Texts: tokens, windows, TF-IDF features and the features of heads."""
