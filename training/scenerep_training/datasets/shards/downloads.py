"""Access of LitData to buckets and web servers, bounded by what the index states.

LitData reads an item by its index: from a local folder through memory maps, from a bucket by one
range request for the item.
"""

from __future__ import annotations

import logging
import re
import urllib.request
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import HTTPError

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.datasets.shards import index

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
MAX_ITEM_BYTES = 2**28
"""constant: largest item [bytes]; images of 100 megapixels with depth are smaller."""


def url_of(path: Path | str) -> str | None:
    """Return the address that a path on the command line stands for, or None.

    >>> url_of(Path("s3://bucket/fleet"))
    's3://bucket/fleet'
    >>> url_of(Path("data/fleet")) is None
    True
    """
    text = str(path)
    return URL.sub(r"\1://", text).rstrip("/") if URL.match(text) else None


def location(path: Path) -> str:
    """Return the address or the absolute path that a path on the command line stands for."""
    return url_of(path) or str(path.resolve())


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
                    f"{name} has an item from byte {offset} to {end}, but {size} bytes by "
                    f"{index.INDEX_NAME}, and an item has at most {MAX_ITEM_BYTES}; copy the shards "
                    "again"
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
                content = response.read(index.MAX_INDEX_BYTES + 1)
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
