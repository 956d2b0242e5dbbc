"""Builders of furniture and household objects with random sizes and materials."""
