"""Networks and layers of the training methods."""
