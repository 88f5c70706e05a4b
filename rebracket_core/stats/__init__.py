"""Figures that know songs: shares, differences and cells, with intervals over whole groups. Numbers in, numbers out."""
