from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import rclpy
from rcl_interfaces.msg import ParameterType
from rclpy.node import Node
from rclpy.parameter import Parameter

from scenerep_ros.config.fields import get_option, option_fields
from scenerep_ros.config.options import ReplayConfig
from scenerep_ros.config.pipeline import NodeConfig
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
def test_every_option_is_a_described_parameter(make_node, model):
    node = make_node()
    assert declare_options(node, model) == model()
    for name, field in option_fields(model).items():
        descriptor = node.describe_parameter(name)
        assert descriptor.description == field.description
        assert node.get_parameter(name).value == field.default


def test_descriptors_carry_bounds_choices_and_what_is_fixed(make_node):
    node = make_node()
    declare_options(node, NodeConfig)
    clusters = node.describe_parameter("kmeans.clusters")
    assert clusters.type == ParameterType.PARAMETER_INTEGER
    assert (clusters.integer_range[0].from_value, clusters.integer_range[0].to_value) == (2, 64)
    mass = node.describe_parameter("attention.mass")
    assert (mass.floating_point_range[0].from_value, mass.floating_point_range[0].to_value) == (
        0,
        1,
    )
    assert "(0, 1]" in mass.additional_constraints
    assert "kmeans_knee" in node.describe_parameter("method").additional_constraints
    fixed = {name for name in option_fields(NodeConfig) if node.describe_parameter(name).read_only}
    assert {"backbone", "weights", "device", "color_topic", "autostart"} <= fixed
    assert not {"method", "kmeans.clusters", "resolution", "sync_slop"} & fixed


def test_overrides_win_and_an_integer_is_a_number_too(make_node):
    node = make_node(method="attention", kmeans__clusters=7, attention__mass=1)
    config = declare_options(node, NodeConfig)
    assert (config.method, config.options_of("kmeans").clusters) == ("attention", 7)
    mass = config.options_of("attention").mass
    assert mass == 1.0
    assert isinstance(mass, float)


@pytest.mark.parametrize(
    ("name", "value", "said"),
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
def test_values_that_cannot_be_are_refused_by_name(make_node, name, value, said):
    with pytest.raises(ConfigError) as caught:
        declare_options(make_node(**{name: value}), NodeConfig)
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_all_wrong_types_are_named_at_once(make_node):
    with pytest.raises(ConfigError) as caught:
        declare_options(make_node(kmeans__clusters="5", track=1), NodeConfig)
    assert "kmeans.clusters" in str(caught.value)
    assert "track" in str(caught.value)


def test_a_mistyped_name_is_not_ignored_silently(make_node, capfd):
    declare_options(make_node(metod="kmeans"), NodeConfig)
    assert "did you mean method" in capfd.readouterr().err


def follow(node, refuse=None):
    seen = []

    def apply(config):
        if refuse:
            raise ConfigError(refuse)
        seen.append(config)

    return LiveOptions(node, declare_options(node, NodeConfig), apply), seen


def test_live_changes_reach_the_config(make_node):
    node = make_node()
    live, seen = follow(node)
    changes = [
        Parameter("method", value="attention"),
        Parameter("depth.plane_distance", value=0.05),
    ]
    assert node.set_parameters_atomically(changes).successful
    assert live.config is seen[-1]
    assert (live.config.method, live.config.depth.plane_distance) == ("attention", 0.05)


def test_live_integers_are_numbers_too_and_stay_checked(make_node):
    node = make_node()
    live, _ = follow(node)
    assert node.set_parameters([Parameter("depth.max_range", value=8)])[0].successful
    assert live.config.depth.max_range == 8.0
    assert not node.set_parameters([Parameter("depth.max_range", value=800)])[0].successful
    assert not node.set_parameters([Parameter("depth.max_range", value="8")])[0].successful
    assert node.get_parameter("depth.max_range").value == 8


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("backbone", "resnet18", "backbone"),
        ("method", "atention", "did you mean attention"),
        ("kmeans.clusters", 1, "Min: 2"),
        ("attention.mass", 0.0, "greater than 0"),
    ],
)
def test_live_changes_that_cannot_be_are_refused_with_the_reason(make_node, name, value, said):
    node = make_node()
    live, seen = follow(node)
    before = live.config
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful
    assert said in result.reason
    assert live.config is before
    assert not seen
    assert node.get_parameter(name).value == get_option(before, name)


def test_whoever_applies_a_change_can_refuse_it(make_node):
    node = make_node()
    live, _ = follow(node, refuse="this backbone has no attention")
    result = node.set_parameters([Parameter("method", value="attention")])[0]
    assert (result.successful, result.reason) == (False, "this backbone has no attention")
    assert live.config.method == NodeConfig().method


def test_parameters_that_are_no_options_pass(make_node):
    node = make_node()
    _, seen = follow(node)
    node.declare_parameter("qos_overrides./labels.publisher.depth", 3)
    assert node.set_parameters([Parameter("use_sim_time", value=True)])[0].successful
    assert not seen
