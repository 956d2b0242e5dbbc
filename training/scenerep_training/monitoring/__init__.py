"""Health, progress and pictures of a training run."""
