"""The training methods by name.

A new method is a class in a file of its own and one line here.
"""

from __future__ import annotations

from scenerep_training.methods.base import Method

_ALL: tuple[type[Method], ...] = ()
METHODS = {method.name: method for method in _ALL}
