"""The parts of the library pages: import, data sets and audits."""
