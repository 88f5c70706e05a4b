"""Explanations and counterfactuals of a run, and the store that keeps counterfactuals."""
