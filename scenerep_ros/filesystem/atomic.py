"""Atomic file writes: a reader sees the old file or the complete new one, never a partial one.

Single files and folders are flushed to the disk first, as the battery of a robot may end at any time.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ScenerepError

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk, a quota or a limit on the size of files that is full."""
COLOR_DIMENSIONS = 3
"""Number of array dimensions of a colour image."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` when the body succeeds.

    The temporary name keeps the suffix, because many writers choose the format by it. A missing
    folder is created. When the body fails, the temporary file is removed and an existing file at
    `path` stays unchanged.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
        )
        os.close(descriptor)
    except OSError as error:
        raise write_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_pattern(name: str) -> str:
    """Return the pattern of the temporary files of a name, of which a killed process may leave one.

    >>> temporary_pattern("overlay.mp4")
    '.overlay.*.mp4'
    """
    path = Path(name)
    return f".{path.stem}.*{path.suffix}"


@contextmanager
def atomic_folder(path: Path, is_replaceable: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` when the body succeeds.

    When the body fails, the temporary folder is removed and an existing one stays unchanged.

    Args:
        path: the folder.
        is_replaceable: returns whether an existing folder at `path` may be replaced. An empty one
            always may.

    Raises:
        ScenerepError: if `path` exists and may not be replaced, or cannot be written.
    """
    require_replaceable(path, is_replaceable)
    with temporary_folder(path) as temporary:
        content = temporary / "new"
        try:
            content.mkdir()
            yield content
            flush_to_disk(content)
        except ScenerepError as error:
            raise type(error)(str(error).replace(str(content), str(path))) from error
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            raise write_error(path, error) from error
        _exchange(content, path, temporary / "old")


def require_replaceable(path: Path, is_replaceable: Callable[[Path], bool]) -> None:
    """Check that a new folder may be written to a path; see `atomic_folder`.

    Raises:
        ScenerepError: if the path exists and may not be replaced.
    """
    if path.exists() and not (path.is_dir() and (is_empty(path) or is_replaceable(path))):
        raise ScenerepError(f"cannot write {path}: it holds other files; name a new folder")


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Yield a folder beside `path`, and remove those that killed processes have left.

    The caller writes to the entry `new` only, by which such a folder is recognized.

    Raises:
        ScenerepError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.????????"):
            _remove_unused(left, path)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise write_error(path, error) from error
    try:
        with ExitStack() as stack:
            with suppress(OSError):  # some network file systems have no locks
                stack.enter_context(locked(temporary))
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_unused(left: Path, path: Path) -> None:
    """Remove a temporary folder of `path` that no process uses; put back what it has replaced."""
    if not left.is_dir() or {entry.name for entry in left.iterdir()} - {"new", "old"}:
        return
    with suppress(OSError), locked(left):
        if (left / "old").exists() and not path.exists():
            (left / "old").rename(path)
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file or folder, which the end of the process unlocks.

    Raises:
        OSError: if another process has locked it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _exchange(content: Path, path: Path, old: Path) -> None:
    """Rename an existing `path` to `old`, and `content` to `path`."""
    try:
        if path.exists():
            path.rename(old)
        content.rename(path)
    except OSError as error:
        raise write_error(path, error) from error


def is_empty(folder: Path) -> bool:
    """Return whether a folder has no entries."""
    return next(folder.iterdir(), None) is None


def write_error(path: Path, error: OSError) -> ScenerepError:
    """Return the error for the user about a file that cannot be written."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "the disk is full: free some space" if is_full else "check the folder"
    return ScenerepError(f"cannot write {path}: {error.strerror or error}; {remedy}")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file atomically, also against a power cut after the return.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        flush_to_disk(temporary)


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or all files of a folder, are on the disk.

    Otherwise a power cut within the next half minute can leave files of the right name and no content.

    Raises:
        OSError: if the disk cannot be written to.
    """
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file() and not file.is_symlink():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def write_image(path: Path, image: NDArray[np.integer]) -> None:
    """Write an image atomically, in the format that the suffix names; one of many is not flushed.

    Args:
        path: path with the suffix .png, or that of another format that OpenCV writes.
        image: (H, W, 3) uint8, RGB, or (H, W) uint8 or uint16.

    Raises:
        ScenerepError: if the folder cannot be written to or the disk is full.
    """
    is_color = image.ndim == COLOR_DIMENSIONS
    _, content = cv2.imencode(path.suffix, image[..., ::-1] if is_color else image)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.tobytes())


def _umask() -> int:
    # The umask can be read only by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
