"""Atomic file writes, and the folders of installed and cached files."""
