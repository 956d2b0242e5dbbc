"""Clients of the nodes: demo, benchmark and camera check."""
