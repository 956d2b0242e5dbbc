"""Networks that compute dense features of an image, and the loading of their weights."""

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.loading import load_backbone

__all__ = ["Backbone", "load_backbone"]
