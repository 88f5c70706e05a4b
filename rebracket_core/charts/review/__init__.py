"""Figures of a run under review: confusion, reliability, risk and coverage, slices."""
