"""Stable object ids over time: optical flow, association and a temporal label filter."""
