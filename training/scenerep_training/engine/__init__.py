"""What carries a method through a run: trainer, checkpoints, guards, logs, export."""
