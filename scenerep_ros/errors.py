"""The errors a user can meet: each message names the thing, what is wrong with it and what to do."""

import difflib
from collections.abc import Iterable


class ScenerepError(Exception):
    """Base of every error that is the input's or the configuration's fault, not the program's."""


class ConfigError(ScenerepError):
    """An option has a value that cannot work."""


class SourceError(ScenerepError):
    """A recording cannot be opened or is not of a known kind."""


class FrameError(ScenerepError):
    """One frame cannot be used; the frames around it may be good."""


class WeightsError(ScenerepError):
    """A weight file is missing, damaged or does not fit the architecture."""


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> str:
    """Return a hint naming the known names closest to a mistyped one.

    >>> nearest_names("kmean", ["kmeans", "attention"])
    'did you mean kmeans?'
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=count, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known names: {', '.join(known[:20])}"
