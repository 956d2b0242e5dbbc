from __future__ import annotations

from scenerep_ros.config.fields import get_option, option_fields
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.validation import is_live, validated


def test_every_option_has_a_description_and_a_valid_default():
    config = NodeConfig()
    for name, field in option_fields(NodeConfig).items():
        assert field.description, name
        assert validated(NodeConfig, {name: get_option(config, name)}) == config


def test_new_weights_are_not_a_live_change():
    assert not is_live(option_fields(NodeConfig)["backbone"])
    assert is_live(option_fields(NodeConfig)["method"])
