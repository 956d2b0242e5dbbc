"""Stages of the segmentation that need color and features only."""
