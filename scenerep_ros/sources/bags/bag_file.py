"""Files of bags as rosbags opens them: damaged ones are bounded, unfinished ones completed."""

from __future__ import annotations

import io
import logging
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from scenerep_ros.sources.bags.unfinished_mcap import complete, is_unfinished

log = logging.getLogger(__name__)

MCAP_SUFFIX = ".mcap"


class BagPath(type(Path())):  # type: ignore[misc]
    """Path of a bag, whose damaged headers may announce more bytes than it has.

    An unfinished MCAP file is opened with the summary that it lacks.
    """

    def open(self, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        """Open the file; reading it in binary mode is bounded by its size.

        Raises:
            SourceError: if no message of an unfinished MCAP file is whole.
        """
        if mode != "rb":
            return super().open(mode, *args, **kwargs)
        file = io.FileIO(self)
        status = os.fstat(file.fileno())
        if self.suffix != MCAP_SUFFIX or not is_unfinished(file):
            file.seek(0)
            return _BoundedReader(file, status.st_size)
        file.close()
        end, summary = _completion(str(self), status.st_size, status.st_mtime_ns)
        completed = _CompletedFile(self, end, summary)
        return _BoundedReader(completed, end + len(summary))


@lru_cache(maxsize=8)
def _completion(path: str, _size: int, _time_ns: int) -> tuple[int, bytes]:
    """Return end and summary of an unfinished MCAP file; a file that has grown is read again."""
    with Path(path).open("rb") as file:
        completion = complete(file)
    log.warning(
        "bag %s: unfinished, because its recorder was killed or its copy is incomplete; it is read up "
        "to its last whole chunk",
        path,
    )
    return completion


class _BoundedReader(io.BufferedReader):
    """File of which a read allocates no more memory than the file has left."""

    def __init__(self, raw: io.RawIOBase, size: int) -> None:
        super().__init__(raw)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes."""
        if size is not None and size > io.DEFAULT_BUFFER_SIZE:
            size = min(size, max(self._size - self.tell(), 0))
        return super().read(size)


class _CompletedFile(io.RawIOBase):
    """Beginning of a file, followed by other bytes.

    Args:
        path: the file.
        end: number of its bytes that are used.
        rest: bytes that follow.
    """

    def __init__(self, path: Path, end: int, rest: bytes) -> None:
        super().__init__()
        self._file = io.FileIO(path)
        self._end, self._rest, self._position = end, rest, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer up to its end, or that of the file or of the rest."""
        view = memoryview(buffer)
        if self._position < self._end:
            self._file.seek(self._position)
            count = self._file.readinto(view[: self._end - self._position]) or 0
        else:
            start = self._position - self._end
            part = self._rest[start : start + len(view)]
            view[: len(part)] = part
            count = len(part)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position relative to the start, the current position or the end."""
        base = (0, self._position, self._end + len(self._rest))[whence]
        self._position = base + offset
        return self._position

    def close(self) -> None:
        self._file.close()
        super().close()
