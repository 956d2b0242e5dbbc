"""Views of images that are stored with a teacher's features, for distillation."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.crops import Crop
from scenerep_training.data.views.plain_view import PlainViewTransform
from scenerep_training.datasets.encoded_images import EncodedFrame
from scenerep_training.networks.teacher import crop_grid


@dataclass(frozen=True)
class EncodedViewTransform(ViewTransform):
    """Transform that adds the teacher's features, which the frames carry, cropped like the views.

    `teacher_grid` (2, h, h, C) float16, `teacher_pooled` (2, C), `teacher_attention` (2, n, h, h),
    the mean attention over the area of each patch, and `attention_mass` (2, n), the sum over the
    whole image.

    Attributes:
        views: transform to the student's views.
        grid_size: patches along a side of the student's grid, h.
    """

    views: PlainViewTransform
    grid_size: int

    def __call__(self, pair: FramePair) -> Views:
        """Return the student's views and the teacher's features.

        Raises:
            ConfigError: if the frames have no features.
        """
        crops = self.views.draw_crops(pair)
        first = self._teacher_features(pair.first, crops[0])
        second = self._teacher_features(pair.second, crops[1])
        views = self.views.make_views(pair, crops)
        return views | {name: torch.stack([first[name], second[name]]) for name in first}

    def _teacher_features(self, frame: RGBDFrame, crop: Crop) -> Views:
        """Return the teacher's features of one crop."""
        if not isinstance(frame, EncodedFrame) or frame.teacher is None:
            raise ConfigError(
                f"frame {frame.name}: is not stored with a teacher's features; with a teacher_cache of "
                "encoded images, --data names that folder only"
            )
        teacher = frame.teacher
        assert teacher.attention is not None
        box = crop.box_in(Crop(0, 0, *frame.shape))
        maps = torch.cat([teacher.grid, teacher.attention.permute(1, 2, 0)], dim=-1)
        cropped = crop_grid(maps, box, self.grid_size)
        cropped = cropped.flip(1) if crop.flip else cropped
        grid, attention = cropped.split([teacher.grid.shape[2], len(teacher.attention)], dim=-1)
        return {
            "teacher_grid": grid.half(),
            "teacher_pooled": teacher.pooled.half(),
            "teacher_attention": attention.permute(2, 0, 1),
            "attention_mass": teacher.attention.sum((1, 2)),
        }
