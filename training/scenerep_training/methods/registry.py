"""The training methods by name.

A new method is a class in a file of its own and one line here.
"""

from __future__ import annotations

from scenerep_training.methods.base import Method
from scenerep_training.methods.distill import Distill

_ALL: tuple[type[Method], ...] = (Distill,)
METHODS = {method.name: method for method in _ALL}
