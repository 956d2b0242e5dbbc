from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import bounds, load_yaml, validated
from scenerep_ros.errors import ConfigError


def test_mistyped_method_is_refused_with_similar_names():
    with pytest.raises(ConfigError, match=r"method = 'kmean'.*did you mean kmeans"):
        validated(PipelineConfig, {"method": "kmean"})


def test_unknown_option_is_refused_with_similar_names():
    with pytest.raises(ConfigError, match=r"max_size: unknown.*depth.max_size"):
        validated(PipelineConfig, {"max_size": 4})


def test_message_names_every_invalid_option():
    with pytest.raises(ConfigError, match=r"(?s)(?=.*kmeans.clusters = 1)(?=.*min_area = nan)"):
        validated(PipelineConfig, {"kmeans.clusters": 1, "min_area": float("nan")})


@given(st.floats(0, 1, exclude_min=True))
def test_value_within_bounds_is_accepted(value):
    config = validated(PipelineConfig, {"attention.mass": value})
    assert config.options_of("attention").mass == value


@given(
    st.floats(max_value=0)
    | st.floats(min_value=1, exclude_min=True)
    | st.just(float("nan"))
    | st.integers(min_value=2)
    | st.text(alphabet="abcxyz?", max_size=8)
    | st.none()
)
def test_value_out_of_bounds_is_refused_by_name(value):
    with pytest.raises(ConfigError, match=r"option attention\.mass = "):
        validated(PipelineConfig, {"attention.mass": value})


def test_bounds_describe_open_and_closed_ends_and_choices():
    fields = option_fields(PipelineConfig)
    assert bounds(fields["attention.mass"]) == "(0, 1]"
    assert bounds(fields["kmeans.clusters"]) == "[2, 64]"
    assert bounds(fields["device"]) == "auto, cpu or cuda"
    assert bounds(fields["backbone"]) == ""


@pytest.mark.parametrize("head", ["", "/**:\n  ros__parameters:\n    "])
def test_yaml_is_a_ros_parameter_file_or_a_mapping(tmp_path, head):
    path = tmp_path / "camera.yaml"
    indent = "    " if head else ""
    path.write_text(f"{head}method: attention\n{indent}clustering:\n{indent}  seed: 3\n")
    assert load_yaml(path) == {"method": "attention", "clustering": {"seed": 3}}


def test_yaml_with_one_group_is_no_node(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text("tracking:\n  max_lost: 3\n")
    assert validated(PipelineConfig, load_yaml(path)).tracking.max_lost == 3


@pytest.mark.parametrize(
    "content",
    [
        b"- 1\n",
        b"a: [",
        b"\xff\xfe\x00",
        b"!!python/name:os.system",
        b"1: kmeans",
        b"on: true",
        b"a: 2024-13-45",
        b"a: " + b"[" * 2000,
    ],
)
def test_yaml_without_mapping_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        load_yaml(path)


def test_missing_yaml_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_yaml(tmp_path / "none.yaml")


def test_yaml_of_several_nodes_yields_those_of_the_segmenter(tmp_path):
    path = tmp_path / "robot.yaml"
    path.write_text(
        "segmenter:\n  ros__parameters:\n    method: kmeans\n    use_sim_time: true\n"
        "driver:\n  ros__parameters:\n    fps: 30\n"
        "/**:\n  ros__parameters:\n    method: fused\n    track: false\n"
        "    qos_overrides:\n      x: 1\n"
    )
    assert load_yaml(path) == {"method": "kmeans", "track": False}


def test_yaml_of_a_node_in_a_namespace_is_read(tmp_path):
    path = tmp_path / "robot.yaml"
    for head in ("/robot/segmenter:\n", "robot:\n  segmenter:\n", "other_name:\n"):
        path.write_text(head + "    ros__parameters:\n      method: kmeans\n")
        assert load_yaml(path) == {"method": "kmeans"}
