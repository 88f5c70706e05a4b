"""Labelling projects of a home: made, ordered, measured, and led into a training."""
