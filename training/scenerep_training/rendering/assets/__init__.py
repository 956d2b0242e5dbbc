"""Meshes, materials and printed surfaces of rendered objects."""
