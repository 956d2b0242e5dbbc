"""Map of a scene: labelled voxels and objects from segmented frames with poses."""
