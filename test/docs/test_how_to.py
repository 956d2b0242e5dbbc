"""Code of the how-to pages, run as a plug-in package in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scenerep_ros.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
TABLETOP = ROOT / "test" / "data" / "tabletop"
pytestmark = pytest.mark.slow
PLUG_INS = {
    "scenerep_ros.segmenters": {
        "mixture": ("add_segmenter", "MixtureSegmenter"),
        "table_top": ("add_segmenter", "TableTopSegmenter"),
    },
    "scenerep_ros.sources": {"npz": ("add_source", "NpzFolder")},
    "scenerep_ros.backbones": {"color_patches": ("add_backbone", "load_color_patches")},
    "scenerep_training.methods": {"vicreg": ("add_training_method", "VICReg")},
}
"""Entry-point group -> name -> page and object."""

SEGMENT_SCRIPT = """
import sys
from scenerep_ros import Pipeline, PipelineConfig, open_source

source = open_source(sys.argv[1])
print(source.format_name)
for method in ("mixture", "table_top"):
    pipeline = Pipeline(PipelineConfig(backbone="color_patches", method=method))
    print(method, len(pipeline(source[0]).objects) > 2)
"""


@pytest.fixture(scope="module")
def plug_in_path(tmp_path_factory):
    """Folder with an installed package that holds the code of the how-to pages."""
    folder = tmp_path_factory.mktemp("plug_in")
    package, metadata = folder / "documented", folder / "documented-1.0.dist-info"
    package.mkdir()
    metadata.mkdir()
    (package / "__init__.py").touch()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: documented\nVersion: 1.0\n")
    entry_points = ""
    for group, parts in PLUG_INS.items():
        entry_points += f"[{group}]\n"
        for name, (page, attribute) in parts.items():
            (package / f"{name}.py").write_text(documented_module(page, name))
            entry_points += f"{name} = documented.{name}:{attribute}\n"
    (metadata / "entry_points.txt").write_text(entry_points)
    return folder


def test_how_to_segmenters_source_and_backbone_segment_a_frame(plug_in_path, tmp_path):
    frame = open_source(TABLETOP)[0]
    arrays = {"color": frame.color, "depth": frame.depth, "stamp_ns": frame.stamp_ns}
    np.savez(tmp_path / "0.npz", **arrays)
    output = run_python(plug_in_path, "-c", SEGMENT_SCRIPT, str(tmp_path))
    assert output.splitlines()[-3:] == ["NPZ folder", "mixture True", "table_top True"]


def test_how_to_training_method_exports_a_checkpoint(plug_in_path, tmp_path):
    run_python(
        plug_in_path,
        *("-m", "scenerep_training.cli.train", "vicreg", "--data", str(TABLETOP)),
        *("--backbone", "resnet10t", "--init", "random", "--output", str(tmp_path / "run")),
        *("--batch-size", "4", "--max-steps", "2", "--crop-size", "64", "--workers", "0"),
        *("--hidden", "32", "--projection", "32", "--preview-every", "0"),
    )
    assert (tmp_path / "run" / "model.safetensors").exists()


def documented_module(page: str, name: str) -> str:
    """Return the module that a how-to page shows under a file name."""
    text = (ROOT / "docs" / "how_to" / f"{page}.md").read_text()
    found = re.search(rf"/{name}\.py`.*?```python\n(.*?)```", text, flags=re.DOTALL)
    assert found, f"{page}.md shows no {name}.py"
    return found[1]


def run_python(plug_in_path: Path, *arguments: str) -> str:
    """Run Python with the plug-in package; return its output."""
    search_path = os.pathsep.join(map(str, (plug_in_path, ROOT, ROOT / "training")))
    environment = {**os.environ, "PYTHONPATH": search_path}
    result = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
