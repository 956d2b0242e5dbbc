"""Subscriptions, publishers and their timing."""
