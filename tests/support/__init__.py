"""What several suites share: makers of small objects, heads, homes and servers."""
