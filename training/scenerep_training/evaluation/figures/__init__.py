"""Figures of the evaluation protocols."""
