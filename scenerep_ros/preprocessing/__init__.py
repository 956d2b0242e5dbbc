"""Corrections of a frame before segmentation: exposure and depth registration."""
