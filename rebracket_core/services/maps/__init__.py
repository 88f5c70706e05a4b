"""Maps of data sets: fitted, kept, coloured, searched and placed upon."""
