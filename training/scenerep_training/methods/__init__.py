"""The training methods, each a file."""
