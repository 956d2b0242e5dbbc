"""The nodes `segmenter` and `replay`."""
