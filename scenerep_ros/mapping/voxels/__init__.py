"""Voxels of a map: hash table, mean points and colors, votes on labels."""
