"""The frozen values of annotation: labels, items, projects and people, their enums, and what the keys mean."""
