"""Propagation of a first mask through a video."""
