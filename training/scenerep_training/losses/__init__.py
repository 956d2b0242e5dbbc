"""Losses, each from its paper; they know nothing of networks or data."""
