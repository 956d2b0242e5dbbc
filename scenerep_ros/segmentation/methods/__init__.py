"""Segmentation methods: one module each, which registers its segmenter."""
