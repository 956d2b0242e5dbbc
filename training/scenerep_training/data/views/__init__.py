"""Augmented views of frame pairs."""
