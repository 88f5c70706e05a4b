"""Geometry of the embeddings: centroids, angles, the albums' path, layers."""
