"""Tuning of a backbone on a user's recordings in a given time, with a network that passes the gate."""
