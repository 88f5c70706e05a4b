"""What pages of every area share: the workbench, error boxes, figures, progress, downloads."""
