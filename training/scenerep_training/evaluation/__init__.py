"""How good is a backbone, and at what: one file a protocol, all run by one runner."""
