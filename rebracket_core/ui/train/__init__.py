"""The parts of the training pages: choices, progress, comparison, search and the models themselves."""
