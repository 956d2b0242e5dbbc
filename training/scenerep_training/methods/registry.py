"""The training methods by name.

A new method is a class in a file of its own and one line here.
"""

from __future__ import annotations

from scenerep_training.methods.base import Method
from scenerep_training.methods.byol import BYOL
from scenerep_training.methods.dino import DINO
from scenerep_training.methods.distill import Distill
from scenerep_training.methods.heads import Heads
from scenerep_training.methods.moco import MoCo
from scenerep_training.methods.odin import ODIN
from scenerep_training.methods.simclr import SimCLR

_ALL: tuple[type[Method], ...] = (DINO, BYOL, SimCLR, MoCo, ODIN, Distill, Heads)
METHODS = {method.name: method for method in _ALL}
