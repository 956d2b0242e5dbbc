"""Propagation of the first frame's masks through a video."""
