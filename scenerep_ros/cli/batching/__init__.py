"""Jobs of `scenerep batch`, on this machine or on a Ray cluster."""
