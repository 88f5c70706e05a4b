"""Label formats: our own lossless ones, and those of Label Studio, Argilla, Prodigy and doccano; `registry` holds them."""
