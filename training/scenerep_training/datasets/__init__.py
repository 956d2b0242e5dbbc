"""Readers of published data sets: images, masks, sequences and training logs."""
