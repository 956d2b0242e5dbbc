"""The Markdown tables of options in the README, made from the config models."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenerep_ros.config.options import NodeConfig, ReplayConfig
from scenerep_ros.config.validation import bounds, is_live
from scenerep_ros.errors import ConfigError

TABLES: dict[str, type[BaseModel]] = {"segmenter": NodeConfig, "replay": ReplayConfig}


def option_table(model: type[BaseModel]) -> str:
    """Return one row an option: name, default, bounds, whether it can change live, meaning."""
    rows = ["| option | default | values | live | meaning |", "|---|---|---|---|---|"]
    rows += [_row(name, field) for name, field in model.model_fields.items()]
    return "\n".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    default = f"`{field.default}`" if field.default != "" else "(empty)"
    live = "yes" if is_live(field) else "no"
    return f"| `{name}` | {default} | {bounds(field)} | {live} | {field.description} |"


def with_tables(text: str) -> str:
    """Return a document with every marked table replaced by the current one.

    A table stands between the lines `<!-- options: NAME -->` and `<!-- end -->`.

    Raises:
        ConfigError: if a marker names no table.
    """

    def table(match: re.Match[str]) -> str:
        name = match[1]
        if name not in TABLES:
            raise ConfigError(f"marker options: {name}: no such table; known: {', '.join(TABLES)}")
        return f"<!-- options: {name} -->\n{option_table(TABLES[name])}\n<!-- end -->"

    return re.sub(r"<!-- options: (\S+) -->\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def update(document: Path) -> bool:
    """Rewrite a document's tables in place; True if anything changed."""
    old = document.read_text()
    new = with_tables(old)
    if new != old:
        document.write_text(new)
    return new != old
