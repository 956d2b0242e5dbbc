"""Segmentation of single frames into objects, by interchangeable methods."""
