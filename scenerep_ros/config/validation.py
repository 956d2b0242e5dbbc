"""Reading values into the config models, and saying what is wrong with them."""

from __future__ import annotations

from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from scenerep_ros.config.options import FIXED
from scenerep_ros.errors import ConfigError, nearest_names


def bounds(field: FieldInfo) -> str:
    """Say what values a field takes: `[0, 1]`, `(0, 0.5]`, `a, b or c`; empty where all do.

    >>> from scenerep_ros.config.options import SegmentationOptions
    >>> bounds(SegmentationOptions.model_fields["attention_mass"])
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
    """Say whether a running node can change an option."""
    return field.json_schema_extra != FIXED


Options = TypeVar("Options", bound=BaseModel)


def validated(model: type[Options], values: dict[str, Any]) -> Options:
    """Build a config model; say in one line an option what is wrong with it.

    Raises:
        ConfigError: naming each bad option, its value, what was expected and near names.
    """
    try:
        return model(**values)
    except ValidationError as error:
        lines = [_explain(model, problem) for problem in error.errors()]
        raise ConfigError("; ".join(lines)) from None


def _explain(model: type[BaseModel], problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"option {name}: unknown; {nearest_names(name, model.model_fields)}"
    if problem["type"] == "literal_error":
        choices = [
            part.strip(" '") for part in problem["ctx"]["expected"].replace(" or ", ",").split(",")
        ]
        return (
            f"option {name} = {problem['input']!r}: {nearest_names(str(problem['input']), choices)} "
            f"(one of {', '.join(choices)})"
        )
    return f"option {name} = {problem['input']!r}: {problem['msg']}"


def load_yaml(path: Path) -> dict[str, Any]:
    """Read options from a ROS 2 parameter file, or from a flat mapping.

    Raises:
        ConfigError: if the file is not a YAML mapping.
    """
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"config file {path}: cannot be read as YAML: {error}") from None
    while isinstance(data, dict) and len(data) == 1 and isinstance(next(iter(data.values())), dict):
        data = next(iter(data.values()))
    if not isinstance(data, dict):
        raise ConfigError(f"config file {path}: expected a mapping of option names to values")
    return data
