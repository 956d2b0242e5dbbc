"""Cameras and the poses from which scenes are rendered."""
