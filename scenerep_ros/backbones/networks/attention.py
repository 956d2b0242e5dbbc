"""CLS attention of a ViT, computed from fused attention without the N x N matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode


class AttentionRecorder(TorchFunctionMode):
    """Context that records queries and keys of the last scaled dot-product attention.

    Every variant of attention in timm (rotary embeddings, normalized queries and keys, separate
    projections) calls this one function, so the recorder is independent of the variant.
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
        """Forward every call; record the arguments of attention."""
        kwargs = kwargs or {}
        if func is F.scaled_dot_product_attention:
            self._query, self._key = args[:2]
            self._scale = kwargs.get("scale")
        return func(*args, **kwargs)

    def cls_attention(self) -> torch.Tensor:
        """Return the attention of the first image's first token to all N tokens, per head.

        Returns:
            (n, N) float32; each row sums to 1.

        Raises:
            RuntimeError: if no attention was computed.
        """
        return self.cls_logits()[0].softmax(dim=-1)

    def cls_logits(self) -> torch.Tensor:
        """Return the attention logits of each image's first token to all N tokens, per head.

        Returns:
            (B, n, N) float32, with gradient if the network ran with gradient.

        Raises:
            RuntimeError: if no attention was computed.
        """
        if self._query is None or self._key is None:
            raise RuntimeError("it has no scaled dot-product attention")
        query, key = self._query[:, :, :1].float(), self._key.float()
        scale = query.shape[-1] ** -0.5 if self._scale is None else self._scale
        return ((query * scale) @ key.transpose(-2, -1))[:, :, 0]
