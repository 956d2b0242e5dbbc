"""Fake device, whose tensors are in host memory, and which records every transfer to the host.

It shows on a machine without a GPU when the host would wait for one. Tensors claim to be on device
`meta` and operations on them compute as usual. Every operation that brings their values, or a size
that depends on their values, to the host is recorded. Tensors of two devices cannot be mixed, as
with CUDA.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

FAKE_DEVICE = torch.device("meta")
RETURNS_VALUE = {"_local_scalar_dense", "equal"}
"""Operations that return a number or a bool."""
RETURNS_DATA_DEPENDENT_SIZE = {
    "nonzero",
    "masked_select",
    "bincount",
    "repeat_interleave",
    "_unique2",
    "unique_dim",
}
"""Operations whose result has a size that depends on values, so the host must wait for it."""
ACCEPTS_HOST_INDICES = {"index", "index_put", "index_put_"}
SIZE_BYTES = 8


@dataclass(frozen=True)
class HostTransfer:
    """One transfer to the host, for which it had to wait: the operation and the bytes copied."""

    operation: str
    bytes: int


class FakeDeviceTensor(torch.Tensor):
    """Tensor that claims to be on the fake device."""

    host_tensor: torch.Tensor

    @staticmethod
    def __new__(cls, host_tensor: torch.Tensor) -> FakeDeviceTensor:
        """Wrap a tensor of the host."""
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            host_tensor.shape,
            strides=host_tensor.stride(),
            storage_offset=host_tensor.storage_offset(),
            dtype=host_tensor.dtype,
            device=FAKE_DEVICE,
        )
        tensor.host_tensor = host_tensor
        return tensor

    def tolist(self) -> Any:
        """Return the values in lists, which torch cannot do for a wrapper subclass."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse operations outside of the mode, which would not be recorded."""
        raise AssertionError(f"{func} outside of fake_device()")


@contextmanager
def fake_device() -> Iterator[list[HostTransfer]]:
    """Enable the fake device; yields the list to which transfers are appended."""
    mode = _RecordingMode()
    with torch.inference_mode(), mode:
        yield mode.transfers


class _RecordingMode(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.transfers: list[HostTransfer] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self:  # record composite operations as their components
            result = func.decompose(*args, **(kwargs or {}))
        if result is not NotImplemented:
            return result
        name, kwargs = func.overloadpacket.__name__, dict(kwargs or {})
        # Determine the devices of the operands and of the result.
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        is_fake = [isinstance(tensor, FakeDeviceTensor) for tensor in tensors]
        result_is_fake = any(is_fake)
        if kwargs.get("device") is not None:
            result_is_fake = torch.device(kwargs["device"]) == FAKE_DEVICE
            kwargs["device"] = torch.device("cpu")
        copies_to_host = name == "copy_" and not is_fake[0] and is_fake[1]
        if any(is_fake) and not copies_to_host:
            _refuse_mixed_devices(name, tensors)
        # Compute in host memory.
        host_args, host_kwargs = tree_map(_unwrap, (args, kwargs))
        result = func(*host_args, **host_kwargs)
        if result_is_fake and name == "empty":
            # torch wraps lists of indices in an empty tensor; make it hold no valid index.
            result.fill_(torch.iinfo(torch.int8).max)
        # Record transfers.
        if any(is_fake) and (not result_is_fake or copies_to_host or name in RETURNS_VALUE):
            size = result.nbytes if torch.is_tensor(result) else 1
            self.transfers.append(HostTransfer(name, size))
        elif any(is_fake) and _has_data_dependent_size(name, host_args):
            self.transfers.append(HostTransfer(name, SIZE_BYTES))
        if not result_is_fake or copies_to_host:
            return result
        return tree_map(_wrap, result)


def _unwrap(leaf: Any) -> Any:
    return leaf.host_tensor if isinstance(leaf, FakeDeviceTensor) else leaf


def _wrap(leaf: Any) -> Any:
    return FakeDeviceTensor(leaf) if isinstance(leaf, torch.Tensor) else leaf


def _has_data_dependent_size(name: str, args: tuple[Any, ...]) -> bool:
    if name not in ACCEPTS_HOST_INDICES:
        return name in RETURNS_DATA_DEPENDENT_SIZE
    return any(index is not None and index.dtype == torch.bool for index in args[1])


def _refuse_mixed_devices(name: str, tensors: list[torch.Tensor]) -> None:
    """Refuse operands on two devices where CUDA does; it accepts host numbers and indices."""
    on_host = [t for t in tensors if not isinstance(t, FakeDeviceTensor) and t.dim() > 0]
    if on_host and name not in ACCEPTS_HOST_INDICES:
        raise RuntimeError(f"{name}: expected all tensors to be on the same device")
