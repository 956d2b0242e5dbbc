"""Readers of the layouts in which data sets with ground truth are published."""
