"""Label-free scores of a backbone on held-back frames, and the gate of training that uses them."""
