"""Registries of interchangeable parts: segmenters, sources, backbones, training methods."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from scenerep_ros.errors import ConfigError, suggest_names

log = logging.getLogger(__name__)

Part = TypeVar("Part", bound=Callable[..., Any])


class Registry(Generic[Part]):
    """Parts of one kind by name.

    Built-in parts are the modules of one package folder: each module registers itself with the
    decorator `register`, so a new part is one new file. Other packages add parts through an
    entry-point group. Both are imported on the first look-up.

    Args:
        kind: noun for error messages, such as "segmenter".
        package: dotted name of the folder whose modules are imported.
        group: entry-point group of plug-ins.

    >>> registry = Registry("shape", package="scenerep_ros.config", group="example.shapes")
    >>> @registry.register("square")
    ... class Square: ...
    >>> registry["square"].__name__
    'Square'
    """

    def __init__(self, kind: str, package: str, group: str) -> None:
        self.kind = kind
        self._package = package
        self._group = group
        self._parts: dict[str, Part] = {}
        self._is_complete = False
        self._lock = threading.RLock()

    def register(self, name: str) -> Callable[[Part], Part]:
        """Return a decorator that adds a class or factory under a name.

        Raises:
            ValueError: if the name is taken by another part.
        """

        def add(part: Part) -> Part:
            other = self._parts.setdefault(name, part)
            if other is not part:
                raise ValueError(
                    f"{self.kind} {name}: both {_location(other)} and {_location(part)} register "
                    "this name; rename one"
                )
            return part

        return add

    def __getitem__(self, name: str) -> Part:
        """Return the part of a name.

        Raises:
            ConfigError: if there is none; it suggests similar names.
        """
        self._discover()
        if name not in self._parts:
            raise ConfigError(f"{self.kind} {name}: unknown; {suggest_names(name, self._parts)}")
        return self._parts[name]

    def __contains__(self, name: str) -> bool:
        self._discover()
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names: built-in parts in alphabetical order, then plug-ins."""
        self._discover()
        return iter(self._parts)

    def items(self) -> Iterator[tuple[str, Part]]:
        """Iterate over names and parts, in the order of the names."""
        return ((name, self._parts[name]) for name in self)

    def _discover(self) -> None:
        """Import the modules of the package folder and the plug-ins, once."""
        with self._lock:
            if self._is_complete:
                return
            self._is_complete = True  # imports below may look parts up, too
            try:
                self._import_all()
            except BaseException:
                self._is_complete = False
                raise

    def _import_all(self) -> None:
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)
        self._parts = dict(sorted(self._parts.items()))
        for entry_point in entry_points(group=self._group):
            self._load_plug_in(entry_point)

    def _load_plug_in(self, entry_point: EntryPoint) -> None:
        """Register the part of another package; a broken package must not stop the others.

        A part that registers itself when it is imported keeps that name.
        """
        names = set(self._parts)
        try:
            part = entry_point.load()
            if part not in self._parts.values():
                self.register(entry_point.name)(part)
        except Exception as error:
            self._parts = {name: self._parts[name] for name in self._parts if name in names}
            log.warning(
                "%s %s: the plug-in %s cannot be loaded (%s: %s); update or uninstall its package",
                self.kind,
                entry_point.name,
                entry_point.value,
                type(error).__name__,
                error,
            )


def _location(part: Any) -> str:
    return f"{part.__module__}.{part.__qualname__}"
