"""Recordings that are folders of images."""
