from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import rclpy
from rcl_interfaces.msg import ParameterType
from rclpy.node import Node
from rclpy.parameter import Parameter

from scenerep_ros.config.fields import get_option, option_fields
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.ros.nodes.parameters import LiveOptions, declare_options


@pytest.fixture(scope="module", autouse=True)
def context():
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def make_node():
    nodes = []

    def make(**overrides):
        values = [
            Parameter(name.replace("__", "."), value=value) for name, value in overrides.items()
        ]
        nodes.append(Node("options", parameter_overrides=values, enable_rosout=False))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()


@pytest.mark.parametrize("model", [NodeConfig, ReplayConfig])
def test_declare_options_describes_every_option(make_node, model):
    node = make_node()
    assert declare_options(node, model) == model()
    for name, field in option_fields(model).items():
        descriptor = node.describe_parameter(name)
        assert descriptor.description == field.description
        assert node.get_parameter(name).value == field.default


def test_descriptors_contain_bounds_choices_and_read_only_flag(make_node):
    node = make_node()
    declare_options(node, ReplayConfig)
    assert node.describe_parameter("source").read_only
    node = make_node()
    declare_options(node, NodeConfig, is_reconfigurable=True)
    clusters = node.describe_parameter("kmeans.clusters")
    assert clusters.type == ParameterType.PARAMETER_INTEGER
    assert (clusters.integer_range[0].from_value, clusters.integer_range[0].to_value) == (2, 64)
    mass = node.describe_parameter("attention.mass")
    mass_range = mass.floating_point_range[0]
    assert (mass_range.from_value, mass_range.to_value) == (0, 1)
    assert "(0, 1]" in mass.additional_constraints
    assert "kmeans_knee" in node.describe_parameter("method").additional_constraints
    assert not node.describe_parameter("backbone").read_only
    assert "unconfigured" in node.describe_parameter("backbone").additional_constraints


def test_declare_options_overrides_convert_integers_to_floats(make_node):
    node = make_node(method="attention", kmeans__clusters=7, attention__mass=1)
    config = declare_options(node, NodeConfig)
    assert (config.method, config.options_of("kmeans").clusters) == ("attention", 7)
    mass = config.options_of("attention").mass
    assert mass == 1.0
    assert isinstance(mass, float)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("kmeans.clusters", 5.0, "INTEGER"),
        ("kmeans.clusters", 1000, "64"),
        ("color_topic", 3, "STRING"),
        ("method", "kmean", "did you mean kmeans"),
        ("sync_slop", "0.1", "number"),
        ("sync_slop", True, "number"),
        ("sync_slop", 7.0, "1.0"),
        ("attention.mass", 0.0, "greater than 0"),
        ("track", "yes", "BOOL"),
    ],
)
def test_declare_options_invalid_value_raises_with_name(make_node, name, value, reason):
    with pytest.raises(ConfigError) as caught:
        declare_options(make_node(**{name: value}), NodeConfig)
    assert name in str(caught.value)
    assert reason in str(caught.value)


def test_declare_options_names_all_wrong_types(make_node):
    with pytest.raises(ConfigError) as caught:
        declare_options(make_node(kmeans__clusters="5", track=1), NodeConfig)
    assert "kmeans.clusters" in str(caught.value)
    assert "track" in str(caught.value)


def test_declare_options_unknown_name_logs_a_suggestion(make_node, capfd):
    declare_options(make_node(metod="kmeans"), NodeConfig)
    assert "did you mean method" in capfd.readouterr().err


def live_options(node, refusal=None):
    """Return live options and the list of applied configs."""
    applied = []

    def apply(config):
        if refusal:
            raise ConfigError(refusal)
        applied.append(config)

    return LiveOptions(node, declare_options(node, NodeConfig), apply, lambda: True), applied


def test_live_options_change_updates_the_config(make_node):
    node = make_node()
    live, applied = live_options(node)
    changes = [
        Parameter("method", value="attention"),
        Parameter("depth.plane_distance", value=0.05),
    ]
    assert node.set_parameters_atomically(changes).successful
    assert live.config is applied[-1]
    assert (live.config.method, live.config.depth.plane_distance) == ("attention", 0.05)


@pytest.mark.parametrize("error", [PermissionError("no access"), RuntimeError("no memory")])
def test_live_options_refuse_a_change_that_raises_anything(make_node, error):
    def apply(config):
        raise error

    node = make_node()
    live = LiveOptions(node, declare_options(node, NodeConfig), apply, lambda: True)
    result = node.set_parameters([Parameter("method", value="attention")])[0]
    assert not result.successful
    assert str(error) in result.reason
    assert live.config.method == NodeConfig().method


def test_live_options_accept_integers_within_bounds_as_floats(make_node):
    node = make_node()
    live, _ = live_options(node)
    assert node.set_parameters([Parameter("depth.max_range", value=8)])[0].successful
    assert live.config.depth.max_range == 8.0
    assert not node.set_parameters([Parameter("depth.max_range", value=800)])[0].successful
    assert not node.set_parameters([Parameter("depth.max_range", value="8")])[0].successful
    assert node.get_parameter("depth.max_range").value == 8


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("backbone", "resnet18", "backbone"),
        ("method", "atention", "did you mean attention"),
        ("kmeans.clusters", 1, "Min: 2"),
        ("attention.mass", 0.0, "greater than 0"),
    ],
)
def test_live_options_refuse_invalid_change_with_reason(make_node, name, value, reason):
    node = make_node()
    live, applied = live_options(node)
    before = live.config
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful
    assert reason in result.reason
    assert live.config is before
    assert not applied
    assert node.get_parameter(name).value == get_option(before, name)


def test_live_options_callback_can_refuse_a_change(make_node):
    node = make_node()
    live, _ = live_options(node, refusal="this backbone has no attention")
    result = node.set_parameters([Parameter("method", value="attention")])[0]
    assert (result.successful, result.reason) == (False, "this backbone has no attention")
    assert live.config.method == NodeConfig().method


def test_live_options_ignore_other_parameters(make_node):
    node = make_node()
    _, applied = live_options(node)
    node.declare_parameter("qos_overrides./labels.publisher.depth", 3)
    assert node.set_parameters([Parameter("use_sim_time", value=True)])[0].successful
    assert not applied


def test_live_options_change_start_only_options_until_started(make_node):
    node, is_started = make_node(), []
    config = declare_options(node, NodeConfig, is_reconfigurable=True)
    hints = {"backbone": ", or swap it"}
    options = LiveOptions(node, config, lambda _: None, lambda: bool(is_started), hints=hints)
    assert node.set_parameters([Parameter("backbone", value="resnet18")])[0].successful
    assert options.config.backbone == "resnet18"
    is_started.append(True)
    result = node.set_parameters([Parameter("backbone", value="resnet50")])[0]
    assert not result.successful
    assert "parameter backbone: needs new weights" in result.reason
    assert result.reason.endswith("clean the node up first, or swap it")
    result = node.set_parameters([Parameter("color_topic", value="/eye")])[0]
    assert result.reason.endswith("clean the node up first")


@pytest.mark.parametrize("name", ["depth_topic", "camera_info_topic"])
def test_declare_options_reads_none_as_no_topic(make_node, name):
    assert get_option(declare_options(make_node(**{name: "none"}), NodeConfig), name) == ""
