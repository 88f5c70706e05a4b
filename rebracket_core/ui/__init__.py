"""The browser's face of the workbench: the pages' parts in rooms named like the pages, and what they share in `kit`."""
