"""Index of shards: LitData's index of all chunks, which lists the recordings, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scenerep_ros.errors import SourceError

INDEX_NAME = "index.json"
RECORDINGS = "recordings"
"""Key of the index that LitData ignores: the recordings in the order of their items."""
ITEM_FORMAT = ["bytes", "bytes", "bytes", "str"]
"""LitData's types of an item of ours. Another type, such as pickle, could run code of the file."""
MAX_CHUNK_BYTES = 2**32
"""constant: end of a chunk [bytes], as LitData's offsets have 32 bits."""
MAX_INDEX_BYTES = 2**28
"""constant: largest index [bytes]; that of a million chunks is smaller."""


def read_index(folder: Path, place: str) -> dict[str, Any]:
    """Return LitData's index with the recordings.

    Args:
        folder: folder of the index.
        place: name of the shards in error messages.

    Raises:
        SourceError: if it is damaged, lists no recordings, or names types or files of others.
    """
    path = folder / INDEX_NAME
    try:
        check_index_size(path)
        index = json.loads(path.read_bytes())
        if not index[RECORDINGS] or not index["chunks"]:
            raise KeyError(RECORDINGS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{place}: {INDEX_NAME} lists no recordings ({error}); write it with "
            "`scenerep-train shards`"
        ) from None
    _check_safety(index, place)
    return dict(index)


def check_index_size(path: Path) -> None:
    """Refuse a file that is too large for an index.

    Raises:
        ValueError: if it is.
    """
    if (size := path.stat().st_size) > MAX_INDEX_BYTES:
        raise ValueError(f"{size} bytes, more than the {MAX_INDEX_BYTES} of an index")


def _check_safety(index: Mapping[str, Any], place: str) -> None:
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
            f"{place}: {INDEX_NAME} is damaged ({error}); copy the shards again"
        ) from None
    if not all(0 < size <= MAX_CHUNK_BYTES for size in sizes):
        raise SourceError(
            f"{place}: {INDEX_NAME} states chunks of {min(sizes)} to {max(sizes)} bytes, expected 1 to "
            f"{MAX_CHUNK_BYTES}; copy the shards again"
        )
    if item_format != ITEM_FORMAT:
        raise SourceError(
            f"{place}: {INDEX_NAME} has items of the types {item_format}, expected {ITEM_FORMAT}; "
            "others may hold code, which is never run; write the shards with `scenerep-train shards`"
        )
    outside = [path for path in paths if path.is_absolute() or ".." in path.parts]
    if outside:
        raise SourceError(
            f"{place}: {INDEX_NAME} names the chunk {outside[0]} outside its folder; write the "
            "shards with `scenerep-train shards`"
        )
