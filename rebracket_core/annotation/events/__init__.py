"""The event log of annotation, the rules that reduce it to states, and the check that the tables agree."""
