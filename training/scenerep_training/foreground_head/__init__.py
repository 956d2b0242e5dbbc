"""Training of the linear foreground head, without labels, for any ViT backbone."""
