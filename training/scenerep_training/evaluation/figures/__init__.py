"""Pictures of samples and plots of runs."""
