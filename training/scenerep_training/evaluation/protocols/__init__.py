"""One file a protocol; its docstring names the paper and the exact definition."""
