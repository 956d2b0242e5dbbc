"""Storage of shards by LitData: a folder, or an address of a bucket or web server."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.filesystem.cache import cache_folder
from scenerep_training.datasets.shards.downloads import import_litdata, url_of
from scenerep_training.datasets.shards.index import (
    INDEX_NAME,
    RECORDINGS,
    check_index_size,
    read_index,
)

BYTES_PER_MB = 1_000_000

Item = Sequence[Any]


@dataclass(frozen=True)
class ShardStorage:
    """Place of shards whose index has been read.

    Attributes:
        folder: local folder of the index; without an address it holds the chunks, too.
        url: address of the chunks, or None.
    """

    folder: Path
    url: str | None = None

    def __str__(self) -> str:
        return self.url or str(self.folder)

    def read_item(self, index: int) -> Item:
        """Read one item.

        Raises:
            ConfigError: if LitData is not installed.
            FrameError: if the item cannot be read, or the network fails.
        """
        dataset = _open_dataset(self, os.getpid())
        try:
            item: Item = dataset[index]
        except Exception as error:  # LitData and the clients of buckets raise any
            raise FrameError(f"{self}: item {index} cannot be read: {error}") from error
        return item

    def read_index(self) -> dict[str, Any]:
        """Return LitData's index with the recordings; see `read_index`."""
        return read_index(self.folder, str(self))


def find_storage(path: Path) -> ShardStorage | None:
    """Return the storage of a folder of shards or of an address; None for any other path.

    Raises:
        ConfigError: if LitData is not installed.
        SourceError: if the address cannot be read, or chunks are missing.
    """
    url = url_of(path)
    if url is not None:
        return _fetch_index(url)
    index = path / INDEX_NAME
    if not index.is_file() or f'"{RECORDINGS}"'.encode() not in index.read_bytes():
        return None
    import_litdata()
    storage = ShardStorage(path.resolve())
    _check_chunks(storage)
    return storage


def write_chunks(folder: Path, chunk_mb: int) -> Any:
    """Return a writer of items into an empty folder: `add_item(index, item)`, `done`, `merge`."""
    import_litdata()
    from litdata.streaming.writer import BinaryWriter

    return BinaryWriter(str(folder), chunk_bytes=chunk_mb * BYTES_PER_MB)


@lru_cache(maxsize=4)
def _open_dataset(storage: ShardStorage, process: int) -> Any:  # noqa: ARG001 (part of the key)
    """Open the items; each process has its own files and connections, also after a fork."""
    litdata = import_litdata()
    from litdata.streaming.resolver import Dir

    folder = Dir(path=str(storage.folder), url=storage.url)
    return litdata.StreamingDataset(folder, batch_decode=0)


def _check_chunks(storage: ShardStorage) -> None:
    """Compare the sizes of local chunks with the index; LitData waits for missing ones."""
    for chunk in storage.read_index()["chunks"]:
        path = storage.folder / chunk["filename"]
        if not path.is_file() or path.stat().st_size != chunk["chunk_bytes"]:
            state = "truncated" if path.is_file() else "missing"
            raise SourceError(f"{path}: is {state}; copy the shards again")


def _fetch_index(url: str) -> ShardStorage:
    """Copy the index of an address into the cache, into a folder of its content."""
    import_litdata()
    from litdata.streaming.downloader import get_downloader

    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / INDEX_NAME
        try:
            get_downloader(url, temporary, []).download_file(f"{url}/{INDEX_NAME}", str(target))
            check_index_size(target)
            content = target.read_bytes()
        except Exception as error:  # LitData and the clients of buckets raise any
            raise SourceError(
                f"{url}/{INDEX_NAME}: cannot be read: {error}; check the address and your access to it"
            ) from error
    key = hashlib.sha256(url.encode() + content).hexdigest()[:16]
    storage = ShardStorage(cache_folder() / "shards" / key, url)
    write_atomically(storage.folder / INDEX_NAME, content)
    return storage
