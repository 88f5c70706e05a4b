"""The processes that run attempts: local, warm and remote ones, and whether they live."""
