"""Verdicts for other programs: the REST API, its client, folders that need no torch, streams and watched folders."""
