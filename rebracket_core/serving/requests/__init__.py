"""Requests on their way to a worker: read within limits, queued in fair turns, dropped when their caller goes."""
