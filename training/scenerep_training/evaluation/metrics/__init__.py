"""Figures of merit as pure functions of arrays; what they say of nothing at all is written at each."""
