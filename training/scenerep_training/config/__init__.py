"""Options of the training methods."""
