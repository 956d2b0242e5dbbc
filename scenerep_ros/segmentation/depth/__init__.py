"""Stages of the segmentation that read depth."""
