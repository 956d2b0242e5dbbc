"""Cache of exported graphs, by the checksum of the weights."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from scenerep_ros.backbones.runtimes.graph import is_graph
from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import temporary_folder
from scenerep_ros.filesystem.cache import cache_folder

log = logging.getLogger(__name__)

MAX_GRAPHS = 8
"""Number of graphs that the cache keeps; those unused for the longest time are removed."""


def graph_folder(name: str) -> Path:
    """Return the folder of a graph in the cache, which need not exist."""
    return cache_folder() / "graphs" / name


def cached_graph(name: str, export: Callable[[Path], None]) -> Path:
    """Return the folder of a cached graph; export it first if there is none.

    The graph is written to a temporary folder, which is renamed when it is complete: processes that
    export at the same time do not disturb each other, and the next export removes what a killed one
    has left. If the cache cannot be written, a warning says so, and the graph is exported to a
    temporary folder that this process removes at its exit.

    Args:
        name: name of the folder, which identifies network and weights.
        export: function that writes a graph to an empty folder.
    """
    folder = graph_folder(name)
    if is_graph(folder):
        _mark_as_used(folder)
        return folder
    with ExitStack() as stack:
        try:
            content = stack.enter_context(temporary_folder(folder)) / "new"
        except ScenerepError as error:
            log.warning(
                "cache %s: cannot be written (%s), so the graph is exported at each start; or set "
                "SCENEREP_CACHE to another folder",
                folder.parent,
                error,
            )
            return _export_for_this_process(export)
        try:
            content.mkdir()
            export(content)
            _rename(content, folder)
        except OSError as error:
            log.warning("cache %s: %s; the graph is exported at each start", folder.parent, error)
            return _export_for_this_process(export)
    _remove_unused(folder.parent)
    return folder


def _rename(temporary: Path, folder: Path) -> None:
    """Rename a complete graph, unless another process has been faster."""
    if folder.is_dir() and not is_graph(folder):
        shutil.rmtree(folder, ignore_errors=True)  # damaged: its card is missing
    try:
        temporary.rename(folder)
    except OSError:
        if not is_graph(folder):
            raise


def _export_for_this_process(export: Callable[[Path], None]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="scenerep-graph-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    export(folder)
    return folder


def _mark_as_used(folder: Path) -> None:
    try:
        os.utime(folder)
    except OSError:
        log.debug("%s: its time of use cannot be updated", folder)


def _remove_unused(graphs: Path) -> None:
    folders = [path for path in graphs.iterdir() if is_graph(path)]
    for folder in sorted(folders, key=os.path.getmtime)[:-MAX_GRAPHS]:
        shutil.rmtree(folder, ignore_errors=True)
