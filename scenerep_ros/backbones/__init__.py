"""Networks that turn an image into dense features, and where their weights come from."""

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.loading import load_backbone

__all__ = ["Backbone", "load_backbone"]
