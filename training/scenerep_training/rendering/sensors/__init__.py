"""Simulated color camera and depth sensors."""
