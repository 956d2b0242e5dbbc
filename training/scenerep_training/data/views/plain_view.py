"""One view per frame of a pair, equal for teacher and student, for distillation."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.correspondence import find_correspondences
from scenerep_training.data.views.crops import Crop, random_pair_crops
from scenerep_training.data.views.photometric import MILD_VIEW, PhotometricAugmentation


@dataclass(frozen=True)
class PlainViewTransform(ViewTransform):
    """Transform to `images`: (2, 3, S, S) uint8, one view per frame, and `correspondence`.

    `correspondence`: (h, h, 2) float32, position x, y in the second image of each patch of the first,
    0 at the left and upper edge, 1 at the others; NaN if it is occluded, out of view or unknown.

    Attributes:
        options: size and smallest area of the crops.
        grid_size: patches along a side of the image, h; None omits the correspondences.
        augment: photometric augmentation.
    """

    options: AugmentationOptions
    grid_size: int | None = None
    augment: PhotometricAugmentation = MILD_VIEW

    @property
    def needs_depth(self) -> bool:
        """True if correspondences, which come from depth, are computed."""
        return self.grid_size is not None

    def __call__(self, pair: FramePair) -> Views:
        """Crop and augment both frames, and find the correspondences."""
        return self.make_views(pair, self.draw_crops(pair))

    def draw_crops(self, pair: FramePair) -> tuple[Crop, Crop]:
        """Draw a crop of each frame."""
        return random_pair_crops(pair, (self.options.min_crop, 1.0), self.options.consistent_crops)

    def make_views(self, pair: FramePair, crops: tuple[Crop, Crop]) -> Views:
        """Return the views of given crops."""
        (first, second), size = crops, self.options.crop_size
        images = (
            first.crop_image(pair.first.color, size),
            second.crop_image(pair.second.color, size),
        )
        views = {"images": torch.stack([self.augment(image) for image in images])}
        if self.grid_size is not None:
            centers = first.patch_centers(self.grid_size)
            corresponding = find_correspondences(pair.first, pair.second, centers)
            views["correspondence"] = torch.from_numpy(second.to_view(corresponding))
        return views
