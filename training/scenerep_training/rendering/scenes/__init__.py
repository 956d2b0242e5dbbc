"""Sets of scenes; each module registers one or more."""
