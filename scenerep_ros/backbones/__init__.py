"""Networks that turn an image into dense features, and where their weights come from."""

from scenerep_ros.backbones.base import Backbone

__all__ = ["Backbone"]
