"""Stages of the segmentation that use color and features, without depth."""
