from __future__ import annotations

from scenerep_ros.config.fields import get_option, option_fields
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.validation import is_live, validated


def test_option_has_description_and_valid_default():
    config = NodeConfig()
    for name, field in option_fields(NodeConfig).items():
        assert field.description, name
        assert validated(NodeConfig, {name: get_option(config, name)}) == config


def test_options_of_weights_are_not_live():
    assert not is_live(option_fields(NodeConfig)["backbone"])
    assert is_live(option_fields(NodeConfig)["method"])
