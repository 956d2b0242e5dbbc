"""Registry of the training methods.

A new method is one file in this folder, or a class in another package that declares an entry point
of the group `scenerep_training.methods`.
"""

from __future__ import annotations

from scenerep_ros.config.registry import Registry
from scenerep_training.methods.base import Method

METHODS: Registry[type[Method]] = Registry(
    "training method", package="scenerep_training.methods", group="scenerep_training.methods"
)
