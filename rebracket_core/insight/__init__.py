"""How a model sees: what it confuses, whether its probabilities hold, where it fails, and how its space is laid out."""
