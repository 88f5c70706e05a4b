"""The parts of the pages on concepts: input, verdicts, batches, history and monitoring."""
