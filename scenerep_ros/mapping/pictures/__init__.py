"""Parts of the pictures of maps: projection of points, and annotations."""
