"""Parquet files from outside, bounded by their footer, their page headers and the bytes at hand."""
