"""Framework of the evaluation protocols: samples, runs on disk, settings, flags."""
