"""What every evaluation protocol shares."""
