"""Command-line flags from the config models: no option is described twice."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Literal, TypeVar, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenerep_ros.config.validation import bounds, load_yaml, validated

Options = TypeVar("Options", bound=BaseModel)


def add_options(
    parser: argparse.ArgumentParser, model: type[BaseModel], skip: tuple[str, ...] = ()
) -> None:
    """Add one flag an option of the model: `max_frames` becomes `--max-frames`."""
    group = parser.add_argument_group("options", "see the README's table for what they do")
    for name, field in model.model_fields.items():
        if name not in skip:
            group.add_argument(f"--{name.replace('_', '-')}", dest=name, **_argument(field))


def _argument(field: FieldInfo) -> dict[str, Any]:
    """Keyword arguments of add_argument; a flag that was not given leaves nothing behind."""
    text = f"{field.description} {bounds(field)}".strip().replace("%", "%%")
    shared = {"default": argparse.SUPPRESS, "help": f"{text} (default: {field.default})"}
    if field.annotation is bool:
        return dict(shared, action=argparse.BooleanOptionalAction)
    if get_origin(field.annotation) is Literal:
        return dict(shared, metavar="NAME")
    return dict(shared, type=field.annotation, metavar="VALUE")


def options_from(
    args: argparse.Namespace, model: type[Options], config: Path | None = None
) -> Options:
    """Build the model from a YAML file's values, where one is named, and the flags on top.

    Raises:
        ConfigError: naming each option that cannot work.
    """
    values = load_yaml(config) if config else {}
    given = {name: getattr(args, name) for name in model.model_fields if hasattr(args, name)}
    return validated(model, values | given)
