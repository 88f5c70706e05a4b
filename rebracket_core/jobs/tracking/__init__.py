"""Trackers that a job may report to beside its folder, on a thread that cannot hold it up."""
