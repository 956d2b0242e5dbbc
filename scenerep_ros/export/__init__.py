"""Export of a backbone to a file for one runtime and precision, with a report of its parity."""
