"""Options that the training methods share."""
