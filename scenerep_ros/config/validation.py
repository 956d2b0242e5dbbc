"""Reading of values into the config models, with errors that name each bad option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from scenerep_ros.config.fields import nest, option_fields
from scenerep_ros.config.options import ACCEPTS_NUMBERS, START_ONLY
from scenerep_ros.errors import ConfigError, suggest_names


def bounds(field: FieldInfo) -> str:
    """Describe the values of an option: `[0, 1]`, `(0, 0.5]`, `a, b or c`; empty if all are valid.

    >>> from scenerep_ros.config.options import DepthOptions
    >>> bounds(DepthOptions.model_fields["gap"])
    '(0, 1]'
    """
    if get_origin(field.annotation) is Literal:
        *first, last = get_args(field.annotation)
        return f"{', '.join(first)} or {last}"
    limits: dict[str, float] = {}
    for rule in field.metadata:
        limits |= asdict(rule)
    if not limits:
        return ""
    low = f"[{limits['ge']:g}" if "ge" in limits else f"({limits.get('gt', -inf):g}"
    high = f"{limits['le']:g}]" if "le" in limits else f"{limits.get('lt', inf):g})"
    return f"{low}, {high}"


def is_live(field: FieldInfo) -> bool:
    """Return True if a running node can change the option."""
    return field.json_schema_extra != START_ONLY


def accepts_numbers(field: FieldInfo) -> bool:
    """Return True if the option is a float, or a text that may be a number, such as an id."""
    return field.annotation is float or field.json_schema_extra == ACCEPTS_NUMBERS


Model = TypeVar("Model", bound=BaseModel)

IGNORED_OVERRIDES = ("use_sim_time", "qos_overrides", "start_type_description_service")
"""Prefixes of the parameters that rclpy itself declares."""
NODE_NAMES = ("segmenter", "*", "**")
"""Names and wildcards of the blocks of a parameter file that concern the node `segmenter`."""


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Build a config model from nested or dotted names.

    Raises:
        ConfigError: naming each bad option, its value, what was expected and similar names.
    """
    try:
        return model(**nest(values))
    except ValidationError as error:
        lines = [_explain(model, problem) for problem in error.errors()]
        raise ConfigError("; ".join(lines)) from None


def _explain(model: type[BaseModel], problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"option {name}: unknown; {suggest_names(name, option_fields(model))}"
    if problem["type"] == "literal_error":
        choices = [
            part.strip(" '") for part in problem["ctx"]["expected"].replace(" or ", ",").split(",")
        ]
        return (
            f"option {name} = {problem['input']!r}: {suggest_names(str(problem['input']), choices)} "
            f"(one of {', '.join(choices)})"
        )
    return f"option {name} = {problem['input']!r}: {problem['msg']}"


def load_yaml(path: Path) -> dict[str, Any]:
    """Read options from a ROS 2 parameter file, or from a mapping of options.

    Raises:
        ConfigError: if the file is not a YAML mapping.
    """
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"config file {path}: cannot be read as YAML: {error}") from None
    data = _ros_parameters(data)
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise ConfigError(f"config file {path}: expected a mapping of option names to values")
    return data


def _ros_parameters(data: Any) -> Any:
    """Return the parameters for the node `segmenter` of a ROS 2 parameter file; other data as it is.

    Wildcards precede the node's own block, and a file for a single node is taken as it is.
    """
    blocks = list(_parameter_blocks(data, ""))
    if not blocks:
        return data
    named = [block for block in blocks if block[0].split("/")[-1] in NODE_NAMES] or blocks[:1]
    merged: dict[str, Any] = {}
    for _, parameters in sorted(named, key=lambda block: "*" not in block[0]):
        merged |= parameters
    return {name: value for name, value in merged.items() if not name.startswith(IGNORED_OVERRIDES)}


def _parameter_blocks(data: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each node, with namespaces, and its parameters."""
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        if key == "ros__parameters" and isinstance(value, Mapping):
            yield name, dict(value)
        else:
            yield from _parameter_blocks(value, f"{name}/{key}")
