"""ROS parameters from the config models: declaration with descriptors, reading and live changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Generic, get_args

from pydantic.fields import FieldInfo
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from scenerep_ros.config.fields import flatten, option_fields
from scenerep_ros.config.validation import (
    IGNORED_OVERRIDES,
    Model,
    accepts_numbers,
    bounds,
    is_live,
    validated,
)
from scenerep_ros.errors import ConfigError, suggest_names
from scenerep_ros.ros.monitoring.problem_reporter import describe_error


def declare_options(node: Node, model: type[Model], is_reconfigurable: bool = False) -> Model:
    """Declare each option of a config model as a parameter and read the values.

    Options of a group have dotted names, such as `tracking.max_lost`. A float option accepts
    integers (`rate:=5`), and `map.query` an id, which ROS would refuse.

    Args:
        node: node that declares the parameters.
        model: config model.
        is_reconfigurable: whether LiveOptions decides when an option that is set at start only may
            change; otherwise such a parameter is read-only.

    Raises:
        ConfigError: if a launch file, YAML file or command line gives an invalid value.
    """
    config = validated(model, _declare(node, model, is_reconfigurable))
    for name in _unknown_overrides(node, model):
        hint = suggest_names(name, option_fields(model))
        node.get_logger().warning(f"parameter {name}: unknown, so it does nothing; {hint}")
    return config


class LiveOptions(Generic[Model]):
    """Parameters that change while the node runs.

    A change that would make the config invalid is refused with the reason.

    Args:
        node: node whose options are declared.
        config: result of `declare_options`.
        apply: called with each new config; raises an exception to refuse it.
        is_started: returns True while options that are set at start only must not change.
        exceptions: returns the names of those that may change nevertheless.
        hints: other ways to change an option while it must not change, by its name.

    Attributes:
        config: current values.
    """

    def __init__(
        self,
        node: Node,
        config: Model,
        apply: Callable[[Model], None],
        is_started: Callable[[], bool],
        exceptions: Callable[[], Collection[str]] = tuple,
        hints: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.config = config
        self._is_started = is_started
        self._exceptions = exceptions
        self._hints = hints
        self._model = type(config)
        self._apply = apply
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        options = option_fields(self._model)
        change = {p.name: p.value for p in parameters if p.name in options}
        if not change:
            return SetParametersResult(successful=True)
        try:
            self._check_start_only(change)
            _check_numbers(self._model, change)
            config = validated(self._model, {**flatten(self.config), **change})
            self._apply(config)
        except Exception as error:  # it would end the executor and so the node
            return SetParametersResult(successful=False, reason=describe_error(error))
        self.config = config
        return SetParametersResult(successful=True)

    def _check_start_only(self, change: Mapping[str, Any]) -> None:
        if not self._is_started():
            return
        options, current = option_fields(self._model), flatten(self.config)
        exceptions = self._exceptions()
        for name, value in change.items():
            if not is_live(options[name]) and value != current[name] and name not in exceptions:
                raise ConfigError(
                    f"parameter {name}: needs new weights or subscriptions, so it can be set at "
                    "start or in the state unconfigured only; clean the node up first"
                    + self._hints.get(name, "")
                )


def describe(name: str, field: FieldInfo, is_reconfigurable: bool = False) -> ParameterDescriptor:
    """Create the descriptor that `ros2 param describe` prints; arguments as declare_options."""
    descriptor = ParameterDescriptor(
        name=name,
        description=field.description or "",
        additional_constraints=_constraints(field, is_reconfigurable),
        read_only=not (is_live(field) or is_reconfigurable),
        dynamic_typing=accepts_numbers(field),
    )
    low, high = _limits(field)
    if field.annotation is int and field.metadata:
        span = IntegerRange(from_value=int(low), to_value=int(high), step=1)
        descriptor.integer_range = [span]
    if field.annotation is float and field.metadata:
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    return descriptor


def _constraints(field: FieldInfo, is_reconfigurable: bool) -> str:
    choices = ", ".join(get_args(field.annotation))
    constraints = [f"one of {choices}"] if choices else []
    if field.metadata:
        constraints.append(f"in {bounds(field)}")
    if not is_live(field):
        constraints.append(
            "set at start, or while the node is unconfigured"
            if is_reconfigurable
            else "set at start only"
        )
    return "; ".join(constraints)


def _limits(field: FieldInfo) -> tuple[float, float]:
    """Return the bounds of a number; descriptors know inclusive ones only, so the model checks again."""
    low: float = -sys.maxsize
    high: float = sys.maxsize
    for rule in field.metadata:
        low = getattr(rule, "ge", getattr(rule, "gt", low))
        high = getattr(rule, "le", getattr(rule, "lt", high))
    return low, high


def _declare(node: Node, model: type[Model], is_reconfigurable: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, field in option_fields(model).items():
        try:
            descriptor = describe(name, field, is_reconfigurable)
            parameter = node.declare_parameter(name, field.default, descriptor)
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            problems.append(f"parameter {name}: {error.args[0]}")
        else:
            values[name] = parameter.value
    if problems:
        raise ConfigError("; ".join(problems))
    _check_numbers(model, values)
    return values


def _check_numbers(model: type[Model], values: Mapping[str, Any]) -> None:
    """Refuse values that pydantic would convert: a parameter "0.5" or true is not a number."""
    options = option_fields(model)
    for name, value in values.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if options[name].annotation is float and not is_number:
            raise ConfigError(f"parameter {name} = {value!r}: expected a number")


def _unknown_overrides(node: Node, model: type[Model]) -> list[str]:
    """Return the given names that match no option, which ROS ignores silently.

    rclpy keeps them in a private attribute only, which is the same from Humble to Kilted.
    """
    given = getattr(node, "_parameter_overrides", {})
    options = option_fields(model)
    return [
        name for name in given if name not in options and not name.startswith(IGNORED_OVERRIDES)
    ]
