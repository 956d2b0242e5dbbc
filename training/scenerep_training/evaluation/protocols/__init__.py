"""Evaluation protocols: one module each, which registers its class."""
