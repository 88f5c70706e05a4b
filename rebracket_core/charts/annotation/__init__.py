"""Figures of people's labels: agreement, the pace of labelling, ratings in the triangle of an axis."""
