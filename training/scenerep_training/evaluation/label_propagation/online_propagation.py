"""First-frame labels carried through a video by three votes a frame, joined at the pixels.

Cells vote by matching (`feature_matching`) and by a head learned online (`label_head`), the last
frame's labels by optical flow (`flow_vote`). What moves with the background (`motion_vote`) and what
looks as it did (`background_memory`) is held against objects, and what hides it for them. Labels
stay near where flow puts them, and a random field draws their borders to those of colour
(`color_field`). What it decides is what the next frame builds on. Nothing is trained beforehand, and
the first frame's labels are all that is given.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from scenerep_training.evaluation.label_propagation.background_memory import BackgroundMemory
from scenerep_training.evaluation.label_propagation.color_field import refine
from scenerep_training.evaluation.label_propagation.feature_matching import FeatureMatching
from scenerep_training.evaluation.label_propagation.flow_vote import FlowVote
from scenerep_training.evaluation.label_propagation.label_head import LabelHead
from scenerep_training.evaluation.label_propagation.motion_vote import (
    background_motion,
    motion_vote,
)

Labels = NDArray[np.uint16]
Image = NDArray[np.uint8]

FINE = 4
"""Label pixels a side of a cell."""
REACH = 8
"""Cells beyond where flow puts a label at which it may be found in the next frame."""
FLOOR = 0.02
"""Least probability of a vote, that none may overrule all others."""
MATCHING, HEAD, FLOW, MOTION, MEMORY = 1.0, 3.0, 0.5, 1.0, 3.0
"""Weights of the votes."""
DISOCCLUDED = 1.0
"""What objects lose where flow fails: what comes into sight is more often background."""
IMPOSSIBLE = -20.0


class OnlinePropagation:
    """Carries labels from frame to frame.

    Args:
        grid: (h, w, C) features of the first frame.
        color: (H, W, 3) uint8 RGB, the first frame.
        labels: (H, W) uint16, 0 for the background, K objects.
    """

    def __init__(self, grid: torch.Tensor, color: Image, labels: Labels) -> None:
        self._cells = (grid.shape[0], grid.shape[1])
        self._shape = labels.shape
        self._size = (grid.shape[0] * FINE, grid.shape[1] * FINE)
        ids = torch.from_numpy(labels.astype(np.int64)).to(grid.device)
        self._planes = _resized(F.one_hot(ids).permute(2, 0, 1).float(), self._size)
        features, cells = F.normalize(grid, dim=-1), self._on_cells()
        self._matching = FeatureMatching(features, cells)
        self._head = LabelHead(features.flatten(0, 1), cells.flatten(0, 1))
        self._flow = FlowVote(color, self._size)
        self._memory = BackgroundMemory(_array(_lab(color, self._size)), self._is_background())

    def __call__(self, grid: torch.Tensor, color: Image) -> Labels:
        """Label the next frame.

        Args:
            grid: (h, w, C) features.
            color: (H, W, 3) uint8 RGB.

        Returns:
            (H, W) uint16.
        """
        features = F.normalize(grid, dim=-1)
        lab = _lab(color, self._size).to(grid.device)
        carried, trust, flow = self._carried(color)
        near = _near(carried, self._cells)
        votes = _enlarged(self._votes(features, near), self._size)
        votes = votes + FLOW * trust * carried.clamp_min(FLOOR).log()
        votes[1:] -= DISOCCLUDED * (1 - trust)
        votes[1:] += self._against_background(lab, carried, trust, flow, near)
        self._planes = self._refined(votes, near, lab)
        self._learn(features, near.any(0), lab)
        full = F.interpolate(self._planes[None], self._shape, mode="bicubic")[0]
        return full.argmax(0).cpu().numpy().astype(np.uint16)

    def _carried(self, color: Image) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Planes (K + 1, H', W') where flow puts them, trust (H', W') and flow (2, H', W')."""
        planes = self._planes.permute(1, 2, 0).cpu().numpy()
        carried, trust, flow = (
            torch.from_numpy(part).to(self._planes.device) for part in self._flow(planes, color)
        )
        return carried.permute(2, 0, 1), trust, flow.permute(2, 0, 1)

    def _against_background(
        self,
        lab: torch.Tensor,
        carried: torch.Tensor,
        trust: torch.Tensor,
        flow: torch.Tensor,
        near: torch.Tensor,
    ) -> torch.Tensor:
        """(K, H', W'), what the background's motion and its looks say for or against objects."""
        around = _resized(near.any(0, keepdim=True).float(), self._size)[0] > 0.5
        shift, planes, sure, where = _array(flow), _array(carried), _array(trust), _array(around)
        motion = background_motion(shift, planes, sure)
        self._memory.move(motion)
        vote = MOTION * motion_vote(shift, motion, planes, sure, where)
        vote += MEMORY * self._memory.vote(_array(lab), planes, sure, where)
        return torch.from_numpy(vote).to(carried.device).permute(2, 0, 1)

    def _votes(self, features: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
        """(K + 1, h, w), what matching and the head say of each cell."""
        where = near.any(0)
        matched = features.new_zeros((*where.shape, len(near) + 1))
        matched[..., 0] = 1.0
        if where.any():
            matched[where] = self._matching(features, where)
        scores = self._head(features.flatten(0, 1)).view_as(matched)
        votes = MATCHING * matched.clamp_min(FLOOR).log() + HEAD * scores
        return votes.permute(2, 0, 1)

    def _refined(self, votes: torch.Tensor, near: torch.Tensor, lab: torch.Tensor) -> torch.Tensor:
        """Probabilities (K + 1, H', W'), each object being near only to where it was."""
        allowed = _resized(near.float(), self._size) > FLOOR
        votes[1:].masked_fill_(~allowed, IMPOSSIBLE)
        return refine(votes, lab)

    def _learn(self, features: torch.Tensor, where: torch.Tensor, lab: torch.Tensor) -> None:
        cells = self._on_cells()
        self._matching.remember(features, cells, where)
        self._head.learn(features.flatten(0, 1), cells.flatten(0, 1))
        self._memory.learn(_array(lab), self._is_background())

    def _on_cells(self) -> torch.Tensor:
        """Labels of the cells, (h, w, K + 1)."""
        return _resized(self._planes, self._cells).permute(1, 2, 0)

    def _is_background(self) -> NDArray[np.bool_]:
        return _array(self._planes[0] > 0.5)


def _near(carried: torch.Tensor, cells: tuple[int, int]) -> torch.Tensor:
    """(K, h, w) bool, cells within REACH of each object's own."""
    there = F.adaptive_max_pool2d((carried[1:] > 0.5).float(), cells)
    return F.max_pool2d(there, 2 * REACH + 1, stride=1, padding=REACH) > 0


def _resized(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(planes[None], size, mode="area")[0]


def _enlarged(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(planes[None], size, mode="bicubic")[0]


def _lab(color: Image, size: tuple[int, int]) -> torch.Tensor:
    """(3, h, w) float32, CIELAB."""
    small = cv2.resize(color, size[::-1], interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return torch.from_numpy(lab).permute(2, 0, 1)


def _array(planes: torch.Tensor) -> NDArray[Any]:
    """The same values in main memory, (h, w) or, channels last, (h, w, K)."""
    last = planes if planes.ndim == 2 else planes.permute(1, 2, 0)
    return np.ascontiguousarray(last.cpu().numpy())
