"""From features to objects: clusters, full-resolution regions, the cut into objects, lasting ids."""
