"""Measurement of scene maps: segmenters, disturbed poses, true objects and true changes."""
