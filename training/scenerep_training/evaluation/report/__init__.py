"""Report of any number of runs: one self-contained HTML file, and report.json."""
