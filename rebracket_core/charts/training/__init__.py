"""Figures of trainings and searches: curves, scores with intervals, differences, trials."""
