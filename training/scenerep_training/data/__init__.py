"""Training data: recordings, frame pairs, and their augmented views."""
