"""Folder that is written for a long time, and whose content survives the death of its process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import flush_to_disk, locked, require_replaceable, write_error

SUFFIX = ".partial"


@contextmanager
def partial_folder(path: Path) -> Iterator[Path]:
    """Yield the path of a new folder; rename it to `path` when the body succeeds.

    Until then its path is NAME.partial/NAME, beside `path`. A process that is killed leaves it, and so
    does a body that fails, unless all files are empty.

    Args:
        path: the folder, which must not exist or be empty.

    Raises:
        ScenerepError: if `path` or NAME.partial holds files, or cannot be written.
    """
    require_replaceable(path, lambda _: False)
    target = path.resolve()
    partial = target.with_name(f"{target.name}{SUFFIX}")
    content = partial / target.name
    with ExitStack() as stack:
        try:
            partial.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
        _lock(stack, partial, path)
        stack.callback(_remove_if_empty, partial)
        _remove_without_data(content)
        if content.exists():
            raise ScenerepError(
                f"cannot write {path}: {content} holds what a killed process has written; move or "
                "remove it"
            )
        stack.callback(_remove_without_data, content)
        yield from _kept(content)
        try:
            flush_to_disk(content)
            content.rename(target)
        except OSError as error:
            raise write_error(path, error) from error


def _kept(content: Path) -> Iterator[Path]:
    """Yield a folder; an error of the body names it if it holds data."""
    try:
        yield content
    except ScenerepError as error:
        if not _has_data(content):
            raise
        raise type(error)(f"{error}; {content} keeps what was written") from error


def _lock(stack: ExitStack, partial: Path, path: Path) -> None:
    """Lock the folder for the life of the process.

    Raises:
        ScenerepError: if another process has locked it.
    """
    try:
        stack.enter_context(locked(partial))
    except BlockingIOError as error:
        raise ScenerepError(f"cannot write {path}: another process is writing it") from error
    except OSError:  # some network file systems have no locks
        pass


def _remove_without_data(folder: Path) -> None:
    if not _has_data(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _has_data(folder: Path) -> bool:
    return any(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
