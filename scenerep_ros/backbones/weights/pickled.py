"""Reading of .pth files without running code: an allow-list, and the cause of a refusal."""

from __future__ import annotations

import argparse
import codecs
import collections
import contextlib
import datetime
import io
import pathlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scenerep_ros.errors import WeightsError

GIT_LFS_START = b"version https://git-lfs"
ZIP_START = b"PK\x03\x04"
PAGE_START = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
REFUSED_NAME = re.compile(r"GLOBAL (\S+)")


FRAMEWORK_RECORDS = (
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
)
"""Dictionary classes by which Lightning describes a run; they are read as plain dictionaries."""


def read_pickled_weights(path: Path) -> Any:
    """Read a .pth file.

    Besides tensors, the file may hold what training code stores beside them: command-line arguments,
    paths, times, counters, and scalars and arrays of NumPy. Constructors of these classes run no code
    of the file.

    Raises:
        OSError: if the file cannot be read.
        WeightsError: naming the cause and the remedy, if the file has other content.
    """
    try:
        with _allowed_classes():
            return torch.load(_without_lengths(path), map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly any exception
        raise WeightsError(f"{path}: {_explain(path, error)}") from None


def _without_lengths(path: Path) -> Path | io.BytesIO:
    """Return what torch reads: of a file that is no archive, the content.

    A length in its damaged pickle then allocates no more memory than the file has bytes.
    """
    with path.open("rb") as file:
        is_archive = file.read(len(ZIP_START)) == ZIP_START
    return path if is_archive else io.BytesIO(path.read_bytes())


def _allowed_classes() -> contextlib.AbstractContextManager[Any]:
    """Return a context in which torch.load accepts the classes of the allow-list."""
    safe_globals = getattr(torch.serialization, "safe_globals", None)
    if safe_globals is None:  # before torch 2.5
        return contextlib.nullcontext()
    classes: list[Any] = [
        argparse.Namespace,
        (_empty_dictionary, "collections.defaultdict"),
        (collections.OrderedDict, "collections.Counter"),
        dict,
        list,
        set,
        tuple,
        int,
        float,
        str,
        bool,
        datetime.datetime,
        datetime.date,
        datetime.timedelta,
        datetime.timezone,
        pathlib.Path,
        pathlib.PosixPath,
        pathlib.PurePosixPath,
        codecs.encode,
        np.dtype,
        np.ndarray,
        *_numpy_dtypes(),
        *_numpy_functions(),
        *((collections.OrderedDict, name) for name in FRAMEWORK_RECORDS),
    ]
    context: contextlib.AbstractContextManager[Any] = safe_globals(classes)
    return context


def _empty_dictionary(*_: Any) -> collections.OrderedDict[Any, Any]:
    """Return a dictionary for a defaultdict, whose items the reader adds."""
    return collections.OrderedDict()


def _numpy_dtypes() -> list[type]:
    return [type(np.dtype(code)) for code in "?bhilqBHILQefdSU"]


def _numpy_functions() -> list[tuple[Callable[..., Any], str]]:
    """Return the functions that rebuild NumPy's scalars and arrays, under their names of 1.x and 2.x."""
    module = getattr(np, "_core", None) or np.core
    functions = {"scalar": module.multiarray.scalar, "_reconstruct": module.multiarray._reconstruct}
    return [
        (function, f"numpy.{core}.multiarray.{name}")
        for name, function in functions.items()
        for core in ("core", "_core")
    ]


def _explain(path: Path, error: Exception) -> str:
    """Return the cause of a refusal and the remedy."""
    start = path.read_bytes()[:256]
    reason = str(error).strip().split("\n")[0][:200]
    refused = REFUSED_NAME.search(str(error))
    not_torch = _explain_other_file(start)
    if not_torch:
        return not_torch
    if refused:
        return (
            f"holds {refused[1]}, which can be read only with code in it, which is never run; save "
            "the state dict alone where that code is installed: torch.save(model.state_dict(), ...)"
        )
    if "TorchScript" in str(error):
        return "is a TorchScript program; save its state dict: torch.save(module.state_dict(), ...)"
    if start.startswith(ZIP_START):
        return f"is truncated or damaged ({reason}); copy or download it again"
    return (
        f"not a PyTorch weight file, damaged, or with code in it, which is never run "
        f"({type(error).__name__}: {reason}); save the state dict alone, best as .safetensors"
    )


def _explain_other_file(start: bytes) -> str:
    """Return what a file that is no weight file is, by its first bytes; "" if that is unknown."""
    if not start:
        return "is empty; copy or download it again"
    if start.startswith(GIT_LFS_START):
        return "is a pointer of Git LFS, not the file itself; run `git lfs pull` in its repository"
    if PAGE_START.match(start):
        return "is a web page, not a weight file; download the file itself"
    return ""
