"""Clustering of dense features."""
