"""Online label propagation: five cues vote for the labels of each frame.

Patches vote by feature matching (`feature_matching`) and by a linear head learned online
(`label_head`); the last frame's labels vote by optical flow (`flow_propagation`). The motion
(`motion_vote`) and the color (`background_model`) of the background vote against and for objects.
Labels stay near their position under the flow, and a conditional random field aligns their borders
with color edges (`conv_crf`). The result is the input of the next frame. There is no training
beforehand: the first frame's labels are the only supervision.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from scenerep_training.evaluation.label_propagation.background_model import BackgroundModel
from scenerep_training.evaluation.label_propagation.conv_crf import refine_labels
from scenerep_training.evaluation.label_propagation.feature_matching import FeatureMatching
from scenerep_training.evaluation.label_propagation.flow_propagation import FlowPropagation
from scenerep_training.evaluation.label_propagation.label_head import LabelHead
from scenerep_training.evaluation.label_propagation.motion_vote import (
    fit_background_motion,
    motion_vote,
)

Labels = NDArray[np.uint16]
Image = NDArray[np.uint8]

PIXELS_PER_PATCH = 4
"""Side of a patch in pixels of the label planes."""
SEARCH_RADIUS = 8
"""Distance by which an object may deviate from its position under the flow [patches]."""
MIN_PROBABILITY = 0.02
"""Lower bound of a vote's probabilities, so that no vote overrules all others."""
MATCHING_WEIGHT, HEAD_WEIGHT, FLOW_WEIGHT, MOTION_WEIGHT, BACKGROUND_WEIGHT = (
    1.0,
    3.0,
    0.5,
    1.0,
    3.0,
)
DISOCCLUSION_PENALTY = 1.0
"""Penalty of objects where the flow is unreliable: disoccluded pixels are mostly background."""
EXCLUDED_SCORE = -20.0
"""Log score of an object outside its search radius."""


class OnlinePropagation:
    """Propagates labels from frame to frame.

    Args:
        grid: (h, w, C) features of the first frame.
        color: (H, W, 3) uint8 RGB, the first frame.
        labels: (H, W) uint16, 0 for the background, K objects.
    """

    def __init__(self, grid: torch.Tensor, color: Image, labels: Labels) -> None:
        self._grid_shape = (grid.shape[0], grid.shape[1])
        self._image_shape = labels.shape
        self._size = (grid.shape[0] * PIXELS_PER_PATCH, grid.shape[1] * PIXELS_PER_PATCH)
        ids = torch.from_numpy(labels.astype(np.int64)).to(grid.device)
        self._planes = _resize_area(F.one_hot(ids).permute(2, 0, 1).float(), self._size)
        features, patch_labels = F.normalize(grid, dim=-1), self._patch_labels()
        self._matching = FeatureMatching(features, patch_labels)
        self._head = LabelHead(features.flatten(0, 1), patch_labels.flatten(0, 1))
        self._flow = FlowPropagation(color, self._size)
        lab = _to_numpy(_to_lab(color, self._size))
        self._background = BackgroundModel(lab, self._background_mask())

    def __call__(self, grid: torch.Tensor, color: Image) -> Labels:
        """Label the next frame.

        Args:
            grid: (h, w, C) features.
            color: (H, W, 3) uint8 RGB.

        Returns:
            (H, W) uint16.
        """
        features = F.normalize(grid, dim=-1)
        lab = _to_lab(color, self._size).to(grid.device)
        warped, reliability, flow = self._warp_labels(color)
        candidates = _search_regions(warped, self._grid_shape)
        # Add up the log scores of all votes.
        votes = _resize_bicubic(self._feature_votes(features, candidates), self._size)
        votes = votes + FLOW_WEIGHT * reliability * warped.clamp_min(MIN_PROBABILITY).log()
        votes[1:] -= DISOCCLUSION_PENALTY * (1 - reliability)
        votes[1:] += self._background_votes(lab, warped, reliability, flow, candidates)
        self._planes = self._refine(votes, candidates, lab)
        self._update_models(features, candidates.any(0), lab)
        full_size = F.interpolate(self._planes[None], self._image_shape, mode="bicubic")[0]
        return full_size.argmax(0).cpu().numpy().astype(np.uint16)

    def _warp_labels(self, color: Image) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return planes (K + 1, H', W') warped by the flow, its reliability (H', W') and itself."""
        planes = self._planes.permute(1, 2, 0).cpu().numpy()
        warped, reliability, flow = (
            torch.from_numpy(part).to(self._planes.device) for part in self._flow(planes, color)
        )
        return warped.permute(2, 0, 1), reliability, flow.permute(2, 0, 1)

    def _background_votes(
        self,
        lab: torch.Tensor,
        warped: torch.Tensor,
        reliability: torch.Tensor,
        flow: torch.Tensor,
        candidates: torch.Tensor,
    ) -> torch.Tensor:
        """(K, H', W'), votes of the background's motion and color for or against objects."""
        is_candidate = _resize_area(candidates.any(0, keepdim=True).float(), self._size)[0] > 0.5
        arrays = (_to_numpy(part) for part in (flow, warped, reliability, is_candidate))
        flow_array, planes, weights, mask = arrays
        motion = fit_background_motion(flow_array, planes, weights)
        self._background.warp(motion)
        votes = MOTION_WEIGHT * motion_vote(flow_array, motion, planes, weights, mask)
        votes += BACKGROUND_WEIGHT * self._background.vote(_to_numpy(lab), planes, weights, mask)
        return torch.from_numpy(votes).to(warped.device).permute(2, 0, 1)

    def _feature_votes(self, features: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
        """(K + 1, h, w), votes of feature matching and of the linear head."""
        mask = candidates.any(0)
        # Patches far from all objects are background.
        matched = features.new_zeros((*mask.shape, len(candidates) + 1))
        matched[..., 0] = 1.0
        if mask.any():
            matched[mask] = self._matching(features, mask)
        scores = self._head(features.flatten(0, 1)).view_as(matched)
        votes = MATCHING_WEIGHT * matched.clamp_min(MIN_PROBABILITY).log() + HEAD_WEIGHT * scores
        return votes.permute(2, 0, 1)

    def _refine(
        self, votes: torch.Tensor, candidates: torch.Tensor, lab: torch.Tensor
    ) -> torch.Tensor:
        """Return probabilities (K + 1, H', W') with each object inside its search region."""
        is_allowed = _resize_area(candidates.float(), self._size) > MIN_PROBABILITY
        votes[1:].masked_fill_(~is_allowed, EXCLUDED_SCORE)
        return refine_labels(votes, lab)

    def _update_models(self, features: torch.Tensor, mask: torch.Tensor, lab: torch.Tensor) -> None:
        patch_labels = self._patch_labels()
        self._matching.add_frame(features, patch_labels, mask)
        self._head.update(features.flatten(0, 1), patch_labels.flatten(0, 1))
        self._background.update(_to_numpy(lab), self._background_mask())

    def _patch_labels(self) -> torch.Tensor:
        """(h, w, K + 1), label shares of the patches."""
        return _resize_area(self._planes, self._grid_shape).permute(1, 2, 0)

    def _background_mask(self) -> NDArray[np.bool_]:
        return _to_numpy(self._planes[0] > 0.5)


def _search_regions(warped: torch.Tensor, grid_shape: tuple[int, int]) -> torch.Tensor:
    """(K, h, w) bool, patches within SEARCH_RADIUS of each object's warped label."""
    occupied = F.adaptive_max_pool2d((warped[1:] > 0.5).float(), grid_shape)
    return F.max_pool2d(occupied, 2 * SEARCH_RADIUS + 1, stride=1, padding=SEARCH_RADIUS) > 0


def _resize_area(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(planes[None], size, mode="area")[0]


def _resize_bicubic(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(planes[None], size, mode="bicubic")[0]


def _to_lab(color: Image, size: tuple[int, int]) -> torch.Tensor:
    """(3, h, w) float32, CIELAB."""
    small = cv2.resize(color, size[::-1], interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return torch.from_numpy(lab).permute(2, 0, 1)


def _to_numpy(planes: torch.Tensor) -> NDArray[Any]:
    """Copy (h, w) or (K, h, w) planes to an array, channels last."""
    last = planes if planes.ndim == 2 else planes.permute(1, 2, 0)
    return np.ascontiguousarray(last.cpu().numpy())
