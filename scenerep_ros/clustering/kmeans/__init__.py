"""K-Means for a whole sweep of k at once."""
