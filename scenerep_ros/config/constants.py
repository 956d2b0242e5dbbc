"""Tuned constants with their unit, meaning and provenance.

A stage keeps its tuned numbers in a frozen dataclass beside its code, one field for each number. They
are not options: users need not change them, and a change needs the data that they were set on.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import Field, field, fields, is_dataclass
from types import ModuleType
from typing import Any


def tuned(value: Any, meaning: str, *, unit: str = "", grid: str = "", set_on: str) -> Any:
    """Declare a field of a constants dataclass.

    Args:
        value: default of the field.
        meaning: noun phrase for the generated table.
        unit: such as "px", "m" or "1/m"; empty for a ratio or a count.
        grid: image or grid that a length in pixels is relative to.
        set_on: data or argument that justifies the value.
    """
    metadata = {"meaning": meaning, "unit": unit, "grid": grid, "set_on": set_on}
    return field(default=value, metadata=metadata)


def constant_tables(package: ModuleType) -> Iterator[tuple[type, tuple[Field[Any], ...]]]:
    """Yield each constants dataclass below a package with its fields, in order of module names.

    Modules that cannot be imported, such as those that need ROS, are left out.
    """
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        try:
            members = vars(importlib.import_module(module.name))
        except ImportError:
            continue
        for member in members.values():
            if _is_constants(member) and member.__module__ == module.name:
                yield member, fields(member)


def _is_constants(member: Any) -> bool:
    if not (isinstance(member, type) and is_dataclass(member)):
        return False
    return any("set_on" in item.metadata for item in fields(member))
