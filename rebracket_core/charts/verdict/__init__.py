"""Figures of one concept: its scores, its albums, its words, its way to another album."""
