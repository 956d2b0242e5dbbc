"""Settings that a folder of results was made with, and those of the run that continues it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def differing_settings(
    stored: Mapping[str, Any], requested: Mapping[str, Any], ignored: Collection[str] = ()
) -> list[str]:
    """Return the names of settings that differ; a missing one equals None.

    >>> differing_settings({"task": "map", "seed": 0}, {"task": "segment", "seed": 0})
    ['task']
    """
    names = dict.fromkeys([*requested, *stored])
    return [
        name for name in names if requested.get(name) != stored.get(name) and name not in ignored
    ]
