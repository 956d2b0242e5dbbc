"""Errors for the user; each message names the input, the problem with it and a remedy."""

import difflib
from collections.abc import Iterable


def printable(text: str) -> str:
    r"""Escape what no terminal can show: the bytes of a file name that is not UTF-8.

    >>> printable("caf\udce9")
    'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class ScenerepError(Exception):
    """Base class of errors caused by the input or the configuration, not by a defect."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class ConfigError(ScenerepError):
    """Invalid or contradictory options."""


class SourceError(ScenerepError):
    """A recording that cannot be opened or has an unknown format."""


class FrameError(ScenerepError):
    """A single unusable frame; other frames of the source may be usable."""


class WeightsError(ScenerepError):
    """A weight file that is missing, damaged or of another architecture."""


_MIN_SIMILARITY = 0.5  # ratio of difflib from which a name is suggested
_MAX_LISTED_NAMES = 20


def suggest_names(name: str, valid_names: Iterable[str], max_suggestions: int = 3) -> str:
    """Return a hint for an unknown name: similar valid names, or else a list of valid names.

    >>> suggest_names("kmean", ["kmeans", "attention"])
    'did you mean kmeans?'
    """
    candidates = sorted(valid_names)
    similar = difflib.get_close_matches(name, candidates, n=max_suggestions, cutoff=_MIN_SIMILARITY)
    if similar:
        return f"did you mean {' or '.join(similar)}?"
    return f"known names: {', '.join(candidates[:_MAX_LISTED_NAMES])}"
