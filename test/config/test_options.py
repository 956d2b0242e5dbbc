from __future__ import annotations

from scenerep_ros.config.options import NodeConfig
from scenerep_ros.config.validation import is_live, validated


def test_every_option_has_a_description_and_a_valid_default():
    config = NodeConfig()
    for name, field in NodeConfig.model_fields.items():
        assert field.description, name
        assert validated(NodeConfig, {name: getattr(config, name)}) == config


def test_new_weights_are_not_a_live_change():
    assert not is_live(NodeConfig.model_fields["backbone"])
    assert is_live(NodeConfig.model_fields["method"])
