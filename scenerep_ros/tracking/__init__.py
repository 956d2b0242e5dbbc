"""Object ids that are stable over time."""
