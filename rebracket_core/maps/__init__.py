"""Maps of texts: fit, store, quality, alignment, viewport."""
