"""How the model sees: projections, confusion, calibration curves, attribution, counterfactuals, geometry.

Import the modules themselves: this room loads nothing by being named.
"""
