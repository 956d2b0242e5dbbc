"""Views of a map: sampled pixels of frames, free space, the vertical, stored depth images."""
