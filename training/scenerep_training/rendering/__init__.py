"""Rendering of labelled RGB-D scenes with procedural textures."""
