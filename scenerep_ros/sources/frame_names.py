"""Names of frames: unique within a recording and valid as stems of file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

SEPARATORS = re.compile(r"[/\\:\0]")


def file_frame_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for the frame of each file: the stem, as long as stems differ.

    Files of equal stem are named with their suffix, or with their folder, and at last with a number.
    Names differ in more than capitals, because some file systems do not distinguish them.

    >>> file_frame_names([Path("a/0.png"), Path("a/1.jpg"), Path("a/1.png")])
    ['0', '1_jpg', '1_png']
    >>> file_frame_names([Path("0/rgb.png"), Path("1/rgb.png")])
    ['0_rgb', '1_rgb']
    """
    schemes: tuple[Callable[[Path], str], ...] = (
        lambda path: path.stem,
        lambda path: path.name.replace(".", "_") if path.stem else path.name,
        lambda path: f"{path.parent.name}_{path.stem}",
        lambda path: f"{path.parent.name}_{path.name.replace('.', '_')}",
    )
    names = [safe_name(path.stem) for path in paths]
    for group in _groups_of_equal_names(names):
        for scheme in schemes[1:]:
            candidates = [safe_name(scheme(paths[index])) for index in group]
            others = {name.casefold() for i, name in enumerate(names) if i not in set(group)}
            folded = {name.casefold() for name in candidates}
            if len(folded) == len(group) and not folded & others:
                for index, name in zip(group, candidates, strict=True):
                    names[index] = name
                break
    unique = UniqueNames()
    return [unique(name) for name in names]


def _groups_of_equal_names(names: Sequence[str]) -> list[list[int]]:
    """Return the indices of each set of names that are equal but for capitals."""
    counts = Counter(name.casefold() for name in names)
    groups: dict[str, list[int]] = {name: [] for name, count in counts.items() if count > 1}
    for index, name in enumerate(names):
        if name.casefold() in groups:
            groups[name.casefold()].append(index)
    return list(groups.values())


class UniqueNames:
    """Makes the names of a sequence unique: a repeated name gets a number.

    >>> unique = UniqueNames()
    >>> [unique(name) for name in ("a", "A", "b", "a")]
    ['a', 'A_2', 'b', 'a_3']
    """

    def __init__(self) -> None:
        self._names: set[str] = set()

    def __call__(self, name: str) -> str:
        """Return the name, with a number if it or its spelling in other capitals was used."""
        unique, number = name, 1
        while unique.casefold() in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._names.add(unique.casefold())
        return unique


def safe_name(name: str) -> str:
    """Replace the characters of a name that separate folders or drives; no name is a folder itself.

    >>> safe_name("../seq/0001"), safe_name("..")
    ('.._seq_0001', 'frame')
    """
    safe = SEPARATORS.sub("_", name)
    return safe if safe.strip(".") else "frame"
