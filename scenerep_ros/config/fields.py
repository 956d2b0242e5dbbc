"""Options as a flat list of dotted names, such as `tracking.max_lost`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenerep_ros.errors import ConfigError


def option_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the options of a config model by dotted name, in their order, including groups.

    >>> from scenerep_ros.config.pipeline import PipelineConfig
    >>> list(option_fields(PipelineConfig))[:2]
    ['backbone', 'weights']
    """
    return dict(_walk(model, ""))


def flatten(config: BaseModel) -> dict[str, Any]:
    """Return the values of a config by dotted name."""
    return {name: get_option(config, name) for name in option_fields(type(config))}


def changed_options(config: BaseModel) -> dict[str, Any]:
    """Return the values that differ from their defaults, by dotted name."""
    defaults = flatten(type(config)())
    return {name: value for name, value in flatten(config).items() if value != defaults[name]}


def get_option(config: BaseModel, name: str) -> Any:
    """Return the value of a dotted name."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert dotted names to nested groups; groups that are nested already stay.

    >>> nest({"track": True, "tracking.max_lost": 3, "kmeans": {"clusters": 4}})
    {'track': True, 'tracking': {'max_lost': 3}, 'kmeans': {'clusters': 4}}

    Raises:
        ConfigError: if one name is used both as an option and as a group.
    """
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *groups, last = name.split(".")
        target = nested
        for group in groups:
            target = target.setdefault(group, {})
            if not isinstance(target, dict):
                raise ConfigError(f"option {name}: {group} = {target!r} is no group of options")
        value = dict(value) if isinstance(value, Mapping) else value
        target[last] = _merged(name, target[last], value) if last in target else value
    return nested


def _merged(name: str, present: Any, value: Any) -> Any:
    """Join two groups; a later value replaces an earlier one."""
    if isinstance(present, Mapping) and isinstance(value, Mapping):
        return {**present, **value}
    if isinstance(present, Mapping) or isinstance(value, Mapping):
        raise ConfigError(f"option {name} = {value!r}: {name} is a group and a value")
    return value


def _walk(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field
