"""Camera poses: odometry, key frames, plausibility, and the trajectory of a map."""
