"""A pretended device, whose tensors really lie in host memory, and which notes every way back.

It shows on a machine without a GPU when the host would wait for one. Tensors claim to be on device
`meta`, operations on them compute as always, and whatever brings their values, or how many of them
there are, to the host is noted. Tensors of two devices do not mix, as with CUDA.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

FAR = torch.device("meta")
VALUES = {"_local_scalar_dense", "equal"}
"""Operations that answer with a number or a bool."""
SIZES = {"nonzero", "masked_select", "bincount", "repeat_interleave", "_unique2", "unique_dim"}
"""Operations whose result is as large as their values say, which the host has to be told."""
TAKES_HOST_INDICES = {"index", "index_put", "index_put_"}


@dataclass(frozen=True)
class Wait:
    """One time that the host waited: for which operation, and how many bytes came back."""

    operation: str
    bytes: int


class FarTensor(torch.Tensor):
    """A tensor that claims to be on the far device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> FarTensor:
        """Wrap a tensor of the host."""
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=FAR,
        )
        tensor.held = held
        return tensor

    def tolist(self) -> Any:
        """Values in lists, which torch has no way to of its own for a tensor like this."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse: without the mode nobody would take note."""
        raise AssertionError(f"{func} outside of far_device()")


@contextmanager
def far_device() -> Iterator[list[Wait]]:
    """Let the far device exist; fills the list with each time that the host waited for it."""
    mode = _Noting()
    with torch.inference_mode(), mode:
        yield mode.waits


class _Noting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.waits: list[Wait] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self:  # what is made of other operations is seen as those
            parts = func.decompose(*args, **(kwargs or {}))
        if parts is not NotImplemented:
            return parts
        name, kwargs = func.overloadpacket.__name__, dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        far = [isinstance(tensor, FarTensor) for tensor in tensors]
        stays = any(far)
        if kwargs.get("device") is not None:
            stays = torch.device(kwargs["device"]) == FAR
            kwargs["device"] = torch.device("cpu")
        comes_back = name == "copy_" and not far[0] and far[1]
        if any(far) and not comes_back:
            _refuse_mixture(name, tensors)
        held_args, held_kwargs = tree_map(_held, (args, kwargs))
        result = func(*held_args, **held_kwargs)
        if stays and name == "empty":
            result.fill_(
                torch.iinfo(torch.int8).max
            )  # torch leaves a list of indices so: they are none
        if any(far) and (not stays or comes_back or name in VALUES):
            self.waits.append(Wait(name, result.nbytes if torch.is_tensor(result) else 1))
        elif any(far) and _sized_by_values(name, held_args):
            self.waits.append(Wait(name, 8))
        if not stays or comes_back:
            return result
        return tree_map(_sent, result)


def _held(leaf: Any) -> Any:
    return leaf.held if isinstance(leaf, FarTensor) else leaf


def _sent(leaf: Any) -> Any:
    return FarTensor(leaf) if isinstance(leaf, torch.Tensor) else leaf


def _sized_by_values(name: str, args: tuple[Any, ...]) -> bool:
    if name not in TAKES_HOST_INDICES:
        return name in SIZES
    return any(index is not None and index.dtype == torch.bool for index in args[1])


def _refuse_mixture(name: str, tensors: list[torch.Tensor]) -> None:
    """Refuse operands on two devices where CUDA would; it takes numbers, and indices, of the host."""
    near = [t for t in tensors if not isinstance(t, FarTensor) and t.dim() > 0]
    if near and name not in TAKES_HOST_INDICES:
        raise RuntimeError(f"{name}: expected all tensors to be on the same device")
