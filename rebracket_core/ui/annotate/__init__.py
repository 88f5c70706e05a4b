"""The parts of the annotation pages."""
