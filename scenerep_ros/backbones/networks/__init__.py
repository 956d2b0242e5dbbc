"""Networks that torch executes: timm's ViTs and convnets, and the student."""
