"""Markdown tables of the documentation, generated from the config models and the constants."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import scenerep_ros
from scenerep_ros.config.constants import constant_tables
from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.options import MappingOptions
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.config.validation import bounds, is_live
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically

MARKER = re.compile(r"<!-- table: (\S+) -->\n.*?<!-- end -->", re.DOTALL)


def option_table(model: type[BaseModel]) -> str:
    """Return one row for each option: name, default, bounds, live or not, meaning."""
    rows = ["| option | default | values | live | meaning |", "|---|---|---|---|---|"]
    rows += [_option_row(name, field) for name, field in option_fields(model).items()]
    return "\n".join(rows)


def constants_table() -> str:
    """Return one row for each tuned constant of the runtime, grouped by module."""
    rows = ["| constant | value | unit | meaning | set on |", "|---|---|---|---|---|"]
    for constants, members in constant_tables(scenerep_ros):
        module = constants.__module__.removeprefix("scenerep_ros.")
        rows += [_constant_row(module, member) for member in members]
    return "\n".join(rows)


TABLES: dict[str, Callable[[], str]] = {
    "segmenter": lambda: option_table(NodeConfig),
    "replay": lambda: option_table(ReplayConfig),
    "map": lambda: option_table(MappingOptions),
    "constants": constants_table,
}


def with_tables(text: str) -> str:
    """Return a document in which every marked table is current.

    A table stands between the lines `<!-- table: NAME -->` and `<!-- end -->`.

    Raises:
        ConfigError: if a marker names no table.
    """

    def table(match: re.Match[str]) -> str:
        name = match[1]
        if name not in TABLES:
            raise ConfigError(f"marker table: {name}: unknown; tables: {', '.join(TABLES)}")
        return f"<!-- table: {name} -->\n{TABLES[name]()}\n<!-- end -->"

    return MARKER.sub(table, text)


def update(document: Path) -> bool:
    """Rewrite the tables of a document in place; True if anything changed.

    Raises:
        ConfigError: if the document cannot be read, or has no marker of a table or an unknown one.
        ScenerepError: if it cannot be written.
    """
    try:
        old = document.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"document {document}: cannot be read: {error}") from None
    if not MARKER.search(old):
        raise ConfigError(
            f"document {document}: has no table; one stands between the lines <!-- table: NAME --> "
            f"and <!-- end -->, with a NAME of {', '.join(TABLES)}"
        )
    new = with_tables(old)
    if new != old:
        write_atomically(document, new.encode())
    return new != old


def _option_row(name: str, field: FieldInfo) -> str:
    default = f"`{field.default}`" if field.default != "" else "(empty)"
    live = "yes" if is_live(field) else "no"
    return f"| `{name}` | {default} | {bounds(field)} | {live} | {field.description} |"


def _constant_row(module: str, member: Field[Any]) -> str:
    about = member.metadata
    unit = f"{about['unit']} of the {about['grid']}" if about["grid"] else about["unit"]
    cells = f"`{member.default}` | {unit} | {about['meaning']} | {about['set_on']}"
    return f"| `{module}.{member.name}` | {cells} |"
