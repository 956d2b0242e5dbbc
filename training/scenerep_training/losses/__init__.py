"""Loss functions, independent of networks and data."""
