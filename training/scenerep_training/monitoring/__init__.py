"""Lightning callbacks that monitor a training run, and the metrics that they log."""
