"""The commands of the training module, each thin."""
