"""Text lists of stamps and values, such as rgb.txt and groundtruth.txt of the TUM benchmark."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from statistics import median

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import MAX_STAMP_NS
from scenerep_ros.sources.timing import DEFAULT_RATE

log = logging.getLogger(__name__)

ROW = re.compile(r"\s*(?P<stamp>[^\s,;]+)[\s,;]+(?P<value>.*\S)\s*")
UNITS_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Length of the units of stamps [ns], the longest first."""
MAX_EPOCH_S = 2**33
"""constant: time after 1970 [s] beyond which a stamp has a shorter unit; the year 2242."""
MIN_EPOCH_S, MAX_EPOCH_INTERVAL_S = 10**9, 3600
"""constant: integer stamps from 2001 on, less than an hour apart, are seconds since 1970."""
MAX_INTERVAL_S = 10
"""constant: median interval of integer stamps [s] from which they have a shorter unit."""
MAX_INDEX = 10**7
"""constant: largest stamp that may be the number of a frame."""
MAX_LIST_STAMP_NS = MAX_STAMP_NS - 10**12
"""constant: largest stamp of a list [ns], which leaves room for a billion rows of that stamp."""
STEP_NS = 1000
"""Time between frames whose list gives them one stamp [ns]: the resolution of file names."""
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class StampedRow:
    """Row of a list.

    Attributes:
        stamp_ns: stamp [ns].
        value: the rest of the line, without surrounding blanks.
    """

    stamp_ns: int
    value: str


def read_stamped_list(path: Path) -> list[StampedRow]:
    """Read the rows of a list in order of time; none if the file does not exist.

    Lines have a stamp and a value, separated by blanks, commas or semicolons. Stamps are seconds,
    milliseconds, microseconds, nanoseconds or frame numbers; the unit follows from their values.
    Comments, a header row and rows without a valid stamp are left out; the latter are logged.

    Raises:
        SourceError: if the file cannot be read, or no row of it is valid.
    """
    rows: list[tuple[Decimal, str]] = []
    malformed: list[tuple[int, str]] = []
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = ROW.fullmatch(line)
        stamp = _parse_stamp(match["stamp"]) if match else None
        if match and stamp is not None:
            rows.append((stamp, match["value"]))
        else:
            malformed.append((number, line))
    _report_malformed(path, malformed, has_rows=bool(rows))
    return _convert(path, rows)


def with_distinct_stamps(rows: Sequence[StampedRow], path: Path) -> list[StampedRow]:
    """Move rows that repeat the stamp of the row before, so that each frame has its own stamp.

    Args:
        rows: rows in order of time.
        path: path of the list, for the message.
    """
    distinct: list[StampedRow] = []
    moved = 0
    for row in rows:
        if distinct and row.stamp_ns <= distinct[-1].stamp_ns:
            row = replace(row, stamp_ns=distinct[-1].stamp_ns + STEP_NS)
            moved += 1
        distinct.append(row)
    if moved:
        log.warning(
            "%s: %d of %d rows repeat a stamp; they get stamps 1 us apart", path, moved, len(rows)
        )
    return distinct


def _read_lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    encoding = "utf-16" if content.startswith(UTF_16_MARKS) else "utf-8-sig"
    # Names in an older encoding are kept as bytes, as Python's file functions expect them.
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    # A power cut leaves blocks of zeros.
    return content.decode(encoding, errors).replace("\0", "").splitlines()


def _parse_stamp(text: str) -> Decimal | None:
    try:
        stamp = Decimal(text.strip("\"'"))
    except InvalidOperation:
        return None
    return stamp if stamp.is_finite() and abs(stamp) <= MAX_LIST_STAMP_NS else None


def _report_malformed(path: Path, malformed: list[tuple[int, str]], has_rows: bool) -> None:
    """Log malformed rows; those before the first valid row may be a header.

    Raises:
        SourceError: if there are malformed rows only.
    """
    if not malformed:
        return
    number, line = malformed[0]
    problem = f"{path}, line {number}: {line[:80]!r}: expected a stamp and a value"
    if not has_rows:
        raise SourceError(problem)
    is_header = len(malformed) == 1 and not any(map(str.isdigit, line.split()[0]))
    if not is_header:
        log.warning("%s; left out with %d other rows", problem, len(malformed) - 1)


def _convert(path: Path, rows: list[tuple[Decimal, str]]) -> list[StampedRow]:
    """Convert stamps to nanoseconds and sort the rows; rows out of range are left out."""
    if not rows:
        return []
    unit_ns = _unit_ns([stamp for stamp, _ in rows])
    converted = [StampedRow(int(stamp * unit_ns), value) for stamp, value in rows]
    valid = [row for row in converted if abs(row.stamp_ns) <= MAX_LIST_STAMP_NS]
    if len(valid) < len(rows):
        log.warning("%s: %d stamps are too large and left out", path, len(rows) - len(valid))
    return sorted(valid, key=lambda row: row.stamp_ns)


def _unit_ns(stamps: list[Decimal]) -> Decimal:
    """Return the length [ns] of the unit of the stamps of a list.

    The unit is the longest one that puts the median before MAX_EPOCH_S and, for integer stamps, the
    median interval below MAX_INTERVAL_S. Integer steps of 1 are frame numbers at DEFAULT_RATE.
    """
    middle = abs(median(stamps))
    units = [Decimal(unit) for unit in UNITS_NS.values()]
    fitting = [unit for unit in units if middle * unit < MAX_EPOCH_S * 10**9] or units[-1:]
    are_integers = all(stamp == stamp.to_integral_value() for stamp in stamps)
    if not are_integers or len(stamps) < len("ab"):
        return fitting[0]
    ordered = sorted(stamps)
    interval = median(b - a for a, b in itertools.pairwise(ordered))
    if interval == 1 and middle < MAX_INDEX:
        return Decimal(10**9) / Decimal(DEFAULT_RATE)
    if middle > MIN_EPOCH_S and interval < MAX_EPOCH_INTERVAL_S:
        # Seconds since 1970 may be far apart, as in a time lapse.
        return fitting[0]
    return next((unit for unit in fitting if interval * unit < MAX_INTERVAL_S * 10**9), fitting[0])
