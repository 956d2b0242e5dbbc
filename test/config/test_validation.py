from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.config.options import PipelineConfig
from scenerep_ros.config.validation import bounds, load_yaml, validated
from scenerep_ros.errors import ConfigError


def test_a_mistyped_method_is_answered_with_the_nearest_names():
    with pytest.raises(ConfigError, match=r"method = 'kmean'.*did you mean kmeans"):
        validated(PipelineConfig, {"method": "kmean"})


def test_an_unknown_option_is_answered_with_the_nearest_names():
    with pytest.raises(ConfigError, match=r"cluster: unknown.*clusters"):
        validated(PipelineConfig, {"cluster": 4})


def test_every_bad_option_is_named_in_one_message():
    with pytest.raises(ConfigError, match=r"(?s)(?=.*clusters = 1)(?=.*min_area = nan)"):
        validated(PipelineConfig, {"clusters": 1, "min_area": float("nan")})


@given(st.floats() | st.text(max_size=8) | st.none() | st.integers())
def test_any_value_is_taken_within_bounds_or_refused_by_name(value):
    try:
        config = validated(PipelineConfig, {"attention_mass": value})
    except ConfigError as error:
        assert "attention_mass" in str(error)  # noqa: PT017
    else:
        assert 0 < config.attention_mass <= 1


def test_bounds_say_open_and_closed_ends_and_choices():
    fields = PipelineConfig.model_fields
    assert bounds(fields["attention_mass"]) == "(0, 1]"
    assert bounds(fields["clusters"]) == "[2, 64]"
    assert bounds(fields["device"]) == "auto, cpu or cuda"
    assert bounds(fields["backbone"]) == ""


@pytest.mark.parametrize("head", ["", "/**:\n  ros__parameters:\n    "])
def test_yaml_may_be_a_ros_parameter_file_or_flat(tmp_path, head):
    path = tmp_path / "camera.yaml"
    path.write_text(f"{head}method: attention\n{'    ' if head else ''}seed: 3\n")
    assert load_yaml(path) == {"method": "attention", "seed": 3}


@pytest.mark.parametrize(
    "content", [b"- 1\n", b"a: [", b"\xff\xfe\x00", b"!!python/name:os.system"]
)
def test_a_file_that_is_no_mapping_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        load_yaml(path)


def test_a_missing_yaml_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_yaml(tmp_path / "none.yaml")
