"""The commands `annotations ...`: projects and people, labels in and out of files."""
