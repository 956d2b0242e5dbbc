"""Summary of an unfinished MCAP file: its recorder was killed, or its copy is incomplete.

Format: https://mcap.dev/spec. Whole chunks are kept; the last chunk, whose index may be missing, is
indexed from its content.
"""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import BinaryIO, NamedTuple

from scenerep_ros.errors import SourceError

MAGIC = b"\x89MCAP0\r\n"
HEAD = struct.Struct("<BQ")
"""Opcode and size of a record."""
CHUNK_HEAD = struct.Struct("<QQQI")
"""First and last time, uncompressed size and checksum of a chunk."""
MESSAGE_HEAD = struct.Struct("<HIQ")
"""Channel, sequence number and time of a message."""
MAX_NAME_BYTES = 32
"""Longest name of a compression that is read."""


class Op(IntEnum):
    """Opcodes of records."""

    FOOTER = 0x02
    SCHEMA = 0x03
    CHANNEL = 0x04
    MESSAGE = 0x05
    CHUNK = 0x06
    MESSAGE_INDEX = 0x07
    CHUNK_INDEX = 0x08
    DATA_END = 0x0F


class Record(NamedTuple):
    """Position of a record, and of its content; and its end."""

    op: int
    start: int
    content: int
    end: int


@dataclass
class Chunk:
    """Chunk of messages.

    Attributes:
        record: its position.
        times: first and last time of its messages [ns].
        compression: name of the compression, or "".
        sizes: compressed and uncompressed size [bytes].
        data: position of the compressed messages.
        index: position of the index of each channel.
        index_end: end of the last index.
    """

    record: Record
    times: tuple[int, int]
    compression: bytes
    sizes: tuple[int, int]
    data: int
    index: dict[int, int] = field(default_factory=dict)
    index_end: int = 0


Definitions = dict[tuple[int, int], bytes]
"""Records of schemas and channels by opcode and id."""


def is_unfinished(file: BinaryIO) -> bool:
    """Return whether an MCAP file has no end."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(len(MAGIC)) != MAGIC:
        return False
    file.seek(max(size - len(MAGIC), 0))
    return file.read() != MAGIC


def complete(file: BinaryIO) -> tuple[int, bytes]:
    """Return the end of the readable part of an unfinished file, and the bytes that complete it.

    Raises:
        SourceError: if no message is readable.
    """
    size = file.seek(0, io.SEEK_END)
    chunks, definitions, end = _scan(file, size)
    _find_definitions(file, chunks[:-1], definitions)
    last_index = b""
    while chunks:
        with suppress(Exception):  # of the decompression, if the last chunk was not written whole
            last_index = _index_last(file, chunks[-1], definitions)
            end = chunks[-1].record.end
            break
        chunks.pop()
    if not any(op == Op.CHANNEL for op, _ in definitions):
        raise SourceError("it ends before the first whole chunk of messages")
    return end, last_index + _summary(end + len(last_index), chunks, definitions)


def _scan(file: BinaryIO, size: int) -> tuple[list[Chunk], Definitions, int]:
    """Return chunks, definitions and the end of the last whole record."""
    chunks: list[Chunk] = []
    definitions: Definitions = {}
    end = len(MAGIC)
    for record in _records(file, len(MAGIC), size):
        if record.op in (Op.DATA_END, Op.FOOTER):
            break
        end = record.end
        if record.op == Op.CHUNK:
            chunks.append(_read_chunk(file, record))
        elif record.op == Op.MESSAGE_INDEX and chunks:
            chunks[-1].index[_number(file, record)] = record.start
            chunks[-1].index_end = record.end
        elif record.op in (Op.SCHEMA, Op.CHANNEL):
            _add_definition(definitions, record, _content(file, record))
    return chunks, definitions, end


def _find_definitions(file: BinaryIO, chunks: list[Chunk], definitions: Definitions) -> None:
    """Add the definitions in those chunks whose index has an undefined channel."""
    for chunk in chunks:
        if any((Op.CHANNEL, channel) not in definitions for channel in chunk.index):
            for record, content in _messages(file, chunk):
                _add_definition(definitions, record, content)


def _records(file: BinaryIO, start: int, size: int) -> Iterator[Record]:
    """Yield the records from a position to the first one that is not whole."""
    while True:
        file.seek(start)
        head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            return
        op, length = HEAD.unpack(head)
        record = Record(op, start, start + HEAD.size, start + HEAD.size + length)
        if not op or record.end > size:  # zeros after a power cut
            return
        yield record
        start = record.end


def _number(file: BinaryIO, record: Record) -> int:
    """Return the id at the start of a record of a schema, a channel or an index."""
    file.seek(record.content)
    return int.from_bytes(file.read(2), "little")


def _content(file: BinaryIO, record: Record) -> bytes:
    file.seek(record.content)
    return file.read(record.end - record.content)


def _read_chunk(file: BinaryIO, record: Record) -> Chunk:
    file.seek(record.content)
    first, last, uncompressed_size, _ = CHUNK_HEAD.unpack(file.read(CHUNK_HEAD.size))
    length = min(int.from_bytes(file.read(4), "little"), MAX_NAME_BYTES)
    compression = file.read(length)
    compressed_size = int.from_bytes(file.read(8), "little")
    sizes = compressed_size, uncompressed_size
    return Chunk(record, (first, last), compression, sizes, file.tell())


def _messages(file: BinaryIO, chunk: Chunk) -> Iterator[tuple[Record, bytes]]:
    """Yield the records in a chunk."""
    from rosbags.rosbag2.storage_mcap import decompress

    compressed_size, size = chunk.sizes
    file.seek(chunk.data)
    data = file.read(min(compressed_size, chunk.record.end - chunk.data))
    content = io.BytesIO(decompress(data, chunk.compression.decode(), size, 0))
    for record in _records(content, 0, size):
        yield record, _content(content, record)


def _add_definition(definitions: Definitions, record: Record, content: bytes) -> None:
    if record.op in (Op.SCHEMA, Op.CHANNEL):
        definitions[record.op, int.from_bytes(content[:2], "little")] = content


def _index_last(file: BinaryIO, chunk: Chunk, definitions: Definitions) -> bytes:
    """Add the definitions of the last chunk, and return the indexes of its channels."""
    entries: dict[int, list[bytes]] = defaultdict(list)
    for record, content in _messages(file, chunk):
        _add_definition(definitions, record, content)
        if record.op == Op.MESSAGE:
            channel, _, time = MESSAGE_HEAD.unpack_from(content)
            entries[channel].append(struct.pack("<QQ", time, record.start))
    chunk.index, indexes = {}, b""
    for channel, items in entries.items():
        chunk.index[channel] = chunk.record.end + len(indexes)
        indexes += _record(Op.MESSAGE_INDEX, struct.pack("<H", channel) + _sized(b"".join(items)))
    chunk.index_end = chunk.record.end + len(indexes)
    return indexes


def _summary(start: int, chunks: list[Chunk], definitions: Definitions) -> bytes:
    """Return the end of the data, the summary and the footer."""
    data_end = _record(Op.DATA_END, bytes(4))
    if not chunks or not all(chunk.index for chunk in chunks):  # the messages have no index
        return data_end + _record(Op.FOOTER, bytes(20)) + MAGIC
    parts = [_record(op, definitions[op, number]) for op, number in sorted(definitions)]
    parts += [_chunk_index(chunk) for chunk in chunks]
    footer = _record(Op.FOOTER, struct.pack("<QQI", start + len(data_end), 0, 0))
    return b"".join([data_end, *parts, footer, MAGIC])


def _chunk_index(chunk: Chunk) -> bytes:
    offsets = b"".join(struct.pack("<HQ", *item) for item in chunk.index.items())
    record = chunk.record
    return _record(
        Op.CHUNK_INDEX,
        struct.pack("<QQQQ", *chunk.times, record.start, record.end - record.start)
        + _sized(offsets)
        + struct.pack("<Q", max(chunk.index_end - record.end, 0))
        + _sized(chunk.compression)
        + struct.pack("<QQ", *chunk.sizes),
    )


def _record(op: int, content: bytes) -> bytes:
    return HEAD.pack(op, len(content)) + content


def _sized(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content
