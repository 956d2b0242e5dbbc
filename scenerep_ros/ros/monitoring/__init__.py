"""Counters, diagnostics and rate-limited logs."""
