"""Error analysis: confusion, misclassifications, label-error candidates, slices."""
