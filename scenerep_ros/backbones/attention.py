"""The CLS token's attention, read off fused attention without building the N x N matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode


class LastAttention(TorchFunctionMode):
    """Remembers queries and keys of the last scaled dot-product attention run inside it.

    Every variant of attention in timm (rotary embeddings, normalised queries and keys, separate
    projections) ends in that one function, so nothing here depends on how they were made.
    """

    def __init__(self) -> None:
        super().__init__()
        self._query: torch.Tensor | None = None
        self._key: torch.Tensor | None = None
        self._scale: float | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Pass every call on; keep the arguments of attention."""
        kwargs = kwargs or {}
        if func is F.scaled_dot_product_attention:
            self._query, self._key = args[:2]
            self._scale = kwargs.get("scale")
        return func(*args, **kwargs)

    def cls_row(self) -> torch.Tensor:
        """Attention of the first token of the first image to all N tokens, a head.

        Returns:
            (n, N) float32; each row sums to 1.

        Raises:
            RuntimeError: if no attention ran.
        """
        return self.cls_scores()[0].softmax(dim=-1)

    def cls_scores(self) -> torch.Tensor:
        """Attention of the first token of every image to all N tokens, a head, before the softmax.

        Returns:
            (B, n, N) float32, with gradient where the network ran with one.

        Raises:
            RuntimeError: if no attention ran.
        """
        if self._query is None or self._key is None:
            raise RuntimeError("it has no scaled dot-product attention")
        query, key = self._query[:, :, :1].float(), self._key.float()
        scale = query.shape[-1] ** -0.5 if self._scale is None else self._scale
        return ((query * scale) @ key.transpose(-2, -1))[:, :, 0]
