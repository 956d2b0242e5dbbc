"""The comparison of the original study: its networks, trained and evaluated by one command."""
