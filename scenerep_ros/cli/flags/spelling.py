"""Spelling of command-line flags. It needs plain Python only, since `scenerep doctor` uses it."""

from __future__ import annotations

from collections.abc import Sequence


def hyphenate_flags(argv: Sequence[str]) -> list[str]:
    """Spell flags with hyphens, so that the names of ROS parameters and YAML keys work as well.

    >>> hyphenate_flags(["segment", "my_bag", "--tracking.max_lost=3", "--min_area", "0.01"])
    ['segment', 'my_bag', '--tracking.max-lost=3', '--min-area', '0.01']
    """

    def spell(word: str) -> str:
        flag, equals, value = word.partition("=")
        return flag.replace("_", "-") + equals + value if word.startswith("--") else word

    return [spell(word) for word in argv]
