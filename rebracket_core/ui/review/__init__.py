"""The parts of the review pages: findings, confusion, confidence, errors, explanations, geometry."""
