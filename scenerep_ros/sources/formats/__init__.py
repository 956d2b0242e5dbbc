"""Formats of recordings: every module registers one format, which is detected automatically."""
