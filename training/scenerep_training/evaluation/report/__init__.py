"""One self-contained HTML file, and report.json, of any number of runs."""
