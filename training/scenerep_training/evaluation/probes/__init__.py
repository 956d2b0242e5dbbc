"""Probes of frozen networks: classification of their features, and their cost."""
