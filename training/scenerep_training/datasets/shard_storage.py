"""Storage of shards by LitData: a folder, or an address of a bucket or web server.

LitData reads an item by its index: from a local folder through memory maps, from a bucket by one
range request for the item. This module alone imports it, on first use.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any
from urllib.error import HTTPError

from scenerep_ros.errors import ConfigError, FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.filesystem.cache import cache_folder

INDEX_NAME = "index.json"
"""LitData's index of all chunks; ours lists the recordings, too."""
RECORDINGS = "recordings"
"""Key of the index that LitData ignores: the recordings in the order of their items."""
ITEM_FORMAT = ["bytes", "bytes", "bytes", "str"]
"""LitData's types of an item of ours. Another type, such as pickle, could run code of the file."""
BYTES_PER_MB = 1_000_000
URL = re.compile(r"^(s3|gs|r2|azure|hf|https?):/+")
"""Start of an address; a `Path` keeps one of its two slashes."""
WEB_PREFIXES = ("http://", "https://")
BUCKET_CLASSES = {
    "s3://": "S3Downloader",
    "gs://": "GCPDownloader",
    "r2://": "R2Downloader",
    "azure://": "AzureDownloader",
    "hf://": "HFDownloader",
}
"""LitData's classes for the addresses of buckets."""
TIMEOUT_S = 60.0
PARTIAL_CONTENT = 206
MAX_CHUNK_BYTES = 2**32
"""constant: end of a chunk [bytes], as LitData's offsets have 32 bits."""
MAX_ITEM_BYTES = 2**28
"""constant: largest item [bytes]; images of 100 megapixels with depth are smaller."""
MAX_INDEX_BYTES = 2**28
"""constant: largest index [bytes]; that of a million chunks is smaller."""

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
        """Return LitData's index with the recordings.

        Raises:
            SourceError: if it is damaged, lists no recordings, or names types or files of others.
        """
        path = self.folder / INDEX_NAME
        try:
            _check_index_size(path)
            index = json.loads(path.read_bytes())
            if not index[RECORDINGS] or not index["chunks"]:
                raise KeyError(RECORDINGS)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{self}: {INDEX_NAME} lists no recordings ({error}); write it with "
                "`scenerep-train shards`"
            ) from None
        self._check_safety(index)
        return dict(index)

    def _check_safety(self, index: Mapping[str, Any]) -> None:
        """Refuse items whose types could run code, and chunks outside the folder or of no real size.

        Raises:
            SourceError: if the index names one.
        """
        try:
            item_format = index["config"]["data_format"]
            paths = [PurePosixPath(chunk["filename"]) for chunk in index["chunks"]]
            sizes = [int(chunk["chunk_bytes"]) for chunk in index["chunks"]]
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(
                f"{self}: {INDEX_NAME} is damaged ({error}); copy the shards again"
            ) from None
        if not all(0 < size <= MAX_CHUNK_BYTES for size in sizes):
            raise SourceError(
                f"{self}: {INDEX_NAME} states chunks of {min(sizes)} to {max(sizes)} bytes, expected 1 to "
                f"{MAX_CHUNK_BYTES}; copy the shards again"
            )
        if item_format != ITEM_FORMAT:
            raise SourceError(
                f"{self}: {INDEX_NAME} has items of the types {item_format}, expected {ITEM_FORMAT}; "
                "others may hold code, which is never run; write the shards with `scenerep-train shards`"
            )
        outside = [path for path in paths if path.is_absolute() or ".." in path.parts]
        if outside:
            raise SourceError(
                f"{self}: {INDEX_NAME} names the chunk {outside[0]} outside its folder; write the "
                "shards with `scenerep-train shards`"
            )


def url_of(path: Path | str) -> str | None:
    """Return the address that a path on the command line stands for, or None.

    >>> url_of(Path("s3://bucket/fleet"))
    's3://bucket/fleet'
    >>> url_of(Path("data/fleet")) is None
    True
    """
    text = str(path)
    return URL.sub(r"\1://", text).rstrip("/") if URL.match(text) else None


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


def import_litdata() -> ModuleType:
    """Import LitData, which only shards need.

    Raises:
        ConfigError: if it cannot be imported.
    """
    try:
        import litdata
    except ImportError as error:
        raise ConfigError(
            f"shards need LitData, which cannot be imported: {error}; pip install "
            "'scenerep-training[shards]'"
        ) from error
    logging.getLogger("litdata").setLevel(logging.WARNING)
    _register_downloaders()
    return litdata


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
            _check_index_size(target)
            content = target.read_bytes()
        except Exception as error:  # LitData and the clients of buckets raise any
            raise SourceError(
                f"{url}/{INDEX_NAME}: cannot be read: {error}; check the address and your access to it"
            ) from error
    key = hashlib.sha256(url.encode() + content).hexdigest()[:16]
    storage = ShardStorage(cache_folder() / "shards" / key, url)
    write_atomically(storage.folder / INDEX_NAME, content)
    return storage


def _check_index_size(path: Path) -> None:
    """Refuse a file that is too large for an index.

    Raises:
        ValueError: if it is.
    """
    if (size := path.stat().st_size) > MAX_INDEX_BYTES:
        raise ValueError(f"{size} bytes, more than the {MAX_INDEX_BYTES} of an index")


@lru_cache(maxsize=1)
def _register_downloaders() -> None:
    """Add web servers to the buckets that LitData reads, and bound what is read from all of them."""
    from litdata.streaming import downloader

    classes = {prefix: getattr(downloader, name) for prefix, name in BUCKET_CLASSES.items()}
    for prefix, base in (classes | dict.fromkeys(WEB_PREFIXES, _web_class())).items():
        downloader.register_downloader(prefix, _bounded_class(base), overwrite=True)


def _bounded_class(downloader_class: type[Any]) -> type[Any]:
    """Derive a class that reads no more of a chunk than the index states, nor than a frame needs."""

    class BoundedDownloader(downloader_class):
        def download_bytes(
            self, remote_chunkpath: str, offset: int, length: int, local_chunkpath: str
        ) -> bytes:
            end = int(offset) + int(length)  # a sum of LitData's 32 bits would wrap
            name = remote_chunkpath.removeprefix(str(self._remote_dir)).lstrip("/")
            size = next(item["chunk_bytes"] for item in self._chunks if item["filename"] == name)
            if length > MAX_ITEM_BYTES or end > size:
                raise ValueError(
                    f"{name} has an item from byte {offset} to {end}, but {size} bytes by {INDEX_NAME}, "
                    f"and an item has at most {MAX_ITEM_BYTES}; copy the shards again"
                )
            content: bytes = super().download_bytes(
                remote_chunkpath, offset, length, local_chunkpath
            )
            return content

    return BoundedDownloader


def _web_class() -> type[Any]:
    """Return the class that reads from web servers."""
    from litdata.streaming.downloader import Downloader

    class WebDownloader(Downloader):
        def download_file(self, remote_chunkpath: str, local_chunkpath: str) -> None:
            with urllib.request.urlopen(remote_chunkpath, timeout=TIMEOUT_S) as response:
                content = response.read(MAX_INDEX_BYTES + 1)
            write_atomically(Path(local_chunkpath), content)

        def download_bytes(
            self,
            remote_chunkpath: str,
            offset: int,
            length: int,
            local_chunkpath: str,  # noqa: ARG002
        ) -> bytes:
            headers = {"Range": f"bytes={offset}-{offset + length - 1}"}
            request = urllib.request.Request(remote_chunkpath, headers=headers)
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                if response.status != PARTIAL_CONTENT:
                    reason = "the server ignores byte ranges, which random access needs"
                    raise HTTPError(
                        remote_chunkpath, response.status, reason, response.headers, None
                    )
                content: bytes = response.read(length)
                return content

    return WebDownloader
