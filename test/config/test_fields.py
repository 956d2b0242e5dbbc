from __future__ import annotations

from typing import Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.config.fields import (
    changed_options,
    flatten,
    get_option,
    nest,
    option_fields,
)
from scenerep_ros.config.pipeline import NodeConfig, PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError

FIELDS = option_fields(NodeConfig)


def bound(field, *names, default):
    values = [
        getattr(rule, name) for rule in field.metadata for name in names if hasattr(rule, name)
    ]
    return values[0] if values else default


def values_of(name, field):
    """Return a strategy of the valid values of an option."""
    if get_origin(field.annotation) is Literal:
        return st.sampled_from(get_args(field.annotation))
    if field.annotation is bool:
        return st.booleans()
    if field.annotation is str:
        return st.text(max_size=5)
    low, high = bound(field, "ge", "gt", default=0), bound(field, "le", "lt", default=1e6)
    if name.endswith("min_clusters"):
        high = 9  # below the default of max_clusters
    if name.endswith("max_clusters"):
        low = 10
    if field.annotation is int:
        return st.integers(low, high)
    return st.floats(low, high, exclude_min=True)


@st.composite
def configs(draw):
    names = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=6))
    return validated(NodeConfig, {name: draw(values_of(name, FIELDS[name])) for name in names})


@settings(max_examples=50)
@given(configs())
def test_nest_of_flatten_rebuilds_the_config(config):
    assert NodeConfig(**nest(flatten(config))) == config


@settings(max_examples=50)
@given(configs())
def test_changed_options_rebuild_the_config(config):
    changed = changed_options(config)
    assert validated(NodeConfig, changed) == config
    assert all(value != get_option(NodeConfig(), name) for name, value in changed.items())


def test_option_fields_have_dotted_names_in_order():
    names = list(option_fields(PipelineConfig))
    assert names[0] == "backbone"
    assert names.index("depth.plane_distance") < names.index("clustering.pca")
    assert "depth" not in names


def test_nest_merges_dotted_names_and_groups():
    values = {"depth.gap": 0.1, "depth": {"crease": 0.2}, "depth.max_range": 3.0}
    assert nest(values) == {"depth": {"gap": 0.1, "crease": 0.2, "max_range": 3.0}}


def test_nest_does_not_modify_its_input():
    values = {"depth": {"gap": 0.1}, "depth.crease": 0.2}
    nest(values)
    assert values == {"depth": {"gap": 0.1}, "depth.crease": 0.2}


def test_nest_refuses_option_used_as_group():
    with pytest.raises(ConfigError, match=r"option track.speed: track = True is no group"):
        nest({"track": True, "track.speed": 3})


def test_nest_refuses_group_given_as_value():
    with pytest.raises(ConfigError, match=r"option track = True: track is a group and a value"):
        nest({"track.speed": 3, "track": True})
