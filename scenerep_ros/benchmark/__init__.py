"""Interleaved measurements of runtimes, stages and yardsticks, for `scenerep bench`."""
