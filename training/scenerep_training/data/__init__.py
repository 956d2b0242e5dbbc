"""From recordings on disk to batches of views: sequences, pairs of frames, augmentation."""
