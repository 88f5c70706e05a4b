"""What becomes of records: rows of a data set (strict), or concepts to score (lenient)."""
