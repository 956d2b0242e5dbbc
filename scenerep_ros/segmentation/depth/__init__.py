"""Stages of the segmentation that use depth."""
