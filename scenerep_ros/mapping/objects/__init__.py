"""Objects of a map: association with segments, identity, merging, disappearance and boxes."""
