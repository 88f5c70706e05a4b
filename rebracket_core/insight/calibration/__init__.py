"""Reliability, risk and coverage, and what thresholds accept."""
