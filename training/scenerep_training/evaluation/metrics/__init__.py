"""Evaluation metrics as pure functions of arrays; each states its value for empty input."""
