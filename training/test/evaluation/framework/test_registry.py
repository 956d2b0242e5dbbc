from __future__ import annotations

import pkgutil

import pytest
from scenerep_training.evaluation import protocols
from scenerep_training.evaluation.framework.protocol import Protocol
from scenerep_training.evaluation.framework.registry import PROTOCOLS

from scenerep_ros.errors import ConfigError

NAMES = (
    *("agreement", "attention", "co3d", "collapse", "davis", "embed", "knn"),
    *("linear", "map", "objects", "saliency", "sizes", "speed", "unsupervised", "video"),
)


def test_registry_discovers_all_protocols():
    assert tuple(PROTOCOLS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_registered_protocol_has_name_headline_and_definition(name):
    protocol = PROTOCOLS[name]
    assert issubclass(protocol, Protocol)
    assert protocol.name == name
    assert protocol.headline
    assert protocol.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_registered_protocol_is_in_module_of_its_name(name):
    modules = {module.name for module in pkgutil.iter_modules(protocols.__path__)}
    assert name in modules
    assert PROTOCOLS[name].__module__ == f"{protocols.__name__}.{name}"


def test_unknown_protocol_suggests_similar_name():
    with pytest.raises(ConfigError, match="saliency"):
        PROTOCOLS["salience"]
