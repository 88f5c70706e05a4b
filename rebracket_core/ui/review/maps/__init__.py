"""The parts of the Map page: asking for a map, its canvas, its colours, its selections."""
