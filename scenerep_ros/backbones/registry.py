"""Registry of the backbones that timm does not provide."""

from __future__ import annotations

from collections.abc import Callable

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.registry import Registry

BackboneFactory = Callable[[BackboneOptions], Backbone]
"""Builds a backbone, with its weights, on its device."""

BACKBONES: Registry[BackboneFactory] = Registry(
    "backbone", package="scenerep_ros.backbones", group="scenerep_ros.backbones"
)
"""Factories by the value of the option `backbone`; every other value is the name of a timm model."""
