"""Installed distribution with one training method, which only declares an entry point."""

from __future__ import annotations

NAME = "shrink"
SUMMARY = "shrink all features"
SOURCE = f'''
from pydantic import Field
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.views.two_views import TwoViewTransform
from scenerep_training.methods.base import Method, StepOutput


class ShrinkOptions(TrainingOptions):
    strength: float = Field(1.0, gt=0.0, description="Factor of the loss.")


class Shrink(Method):
    """Shrink the features towards 0."""

    summary = "{SUMMARY}"
    Options = ShrinkOptions

    def build_transform(self):
        return TwoViewTransform(self.options)

    def compute_loss(self, views):
        features = self.encoder(views["views"].flatten(0, 1)).pooled
        return StepOutput(self.options.strength * features.square().mean(), features)
'''


def write_distribution(folder):
    """Write a module and the metadata of its distribution, as pip installs them."""
    (folder / "shrink_method.py").write_text(SOURCE)
    metadata = folder / "shrink_method-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shrink-method\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[scenerep_training.methods]\n{NAME} = shrink_method:Shrink\n"
    )
    return folder
