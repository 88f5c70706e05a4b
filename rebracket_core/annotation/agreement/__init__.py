"""How far people agree: coefficients, pairs of people, consensus, timing, and the effect of suggestions."""
