"""Command-line flags from the config models: no option is described twice."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any, Literal, TypeVar, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenerep_ros.config.fields import nest, option_fields
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.validation import bounds, load_yaml, validated

Model = TypeVar("Model", bound=BaseModel)

ALIASES = {"target_rate": ("--target-hz",)}
"""Further flags of options."""


def add_options(
    parser: argparse.ArgumentParser,
    model: type[BaseModel],
    skip: tuple[str, ...] = (),
    by_class: bool = False,
) -> None:
    """Add a flag for each option: `tracking.max_lost` becomes `--tracking.max-lost`.

    Args:
        parser: parser of a command.
        model: options.
        skip: names of options without a flag.
        by_class: divide the options without a prefix by the classes that declare them.
    """
    groups: dict[str, argparse._ArgumentGroup] = {}
    for name, field in option_fields(model).items():
        if name in skip:
            continue
        prefix = name.rpartition(".")[0]
        title = f"{prefix} options" if prefix else "options"
        if by_class and not prefix:
            title = _class_title(model, name)
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        flags = [f"--{name.replace('_', '-')}", *ALIASES.get(name, ())]
        groups[title].add_argument(*flags, dest=name, **_argument(field))


def _class_title(model: type[BaseModel], name: str) -> str:
    """Return the summary of the base class that declares an option first."""
    declaring = [base for base in model.__mro__ if name in inspect.get_annotations(base)]
    summary = (declaring[-1].__doc__ or "options").partition("\n")[0]
    return summary.rstrip(".").partition(";")[0]


def _argument(field: FieldInfo) -> dict[str, Any]:
    """Return the keyword arguments of add_argument; an absent flag sets no attribute."""
    text = f"{field.description} {bounds(field)}".strip().replace("%", "%%")
    shared = {"default": argparse.SUPPRESS, "help": f"{text} (default: {field.default})"}
    if field.annotation is bool:
        return dict(shared, action=argparse.BooleanOptionalAction)
    if get_origin(field.annotation) is Literal:
        return dict(shared, metavar="NAME")
    return dict(shared, type=field.annotation, metavar="VALUE")


def options_from(args: argparse.Namespace, model: type[Model], config: Path | None = None) -> Model:
    """Build the config from a YAML file, if one is given, and from flags, which take precedence.

    The file may be that of the node: its options of topics and synchronization are left out.

    Raises:
        ConfigError: naming each option that has no valid value.
    """
    values = nest(load_yaml(config)) if config else {}
    if issubclass(NodeConfig, model):
        node_only = NodeConfig.model_fields.keys() - model.model_fields.keys()
        values = {name: value for name, value in values.items() if name not in node_only}
    given = {name: getattr(args, name) for name in option_fields(model) if hasattr(args, name)}
    return validated(model, values | given)
