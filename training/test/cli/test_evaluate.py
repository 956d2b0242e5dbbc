from __future__ import annotations

import hashlib
import json
import shlex
from importlib.metadata import version

import pytest
import timm
from layouts import truncate_file, write_davis, write_ecssd
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import read_rows

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint

NETWORK = ["--backbone", "vit_tiny_patch16_224", "--weights", "random"]
FAST = ["--device", "cpu", "--precision", "fp32", "--resolution", "96", "--method", "kmeans"]


@pytest.fixture
def ecssd(tmp_path):
    return write_ecssd(tmp_path / "ecssd", names=("a", "b", "c"))


def evaluate(protocol, data, *flags):
    return main([protocol, "--data", str(data), *FAST, *flags])


def test_run_prints_and_writes_tables(ecssd, tmp_path, capsys):
    out, copy = tmp_path / "out", tmp_path / "copy.json"
    flags = [*NETWORK, "--out", str(out), "--json", str(copy)]
    assert evaluate("saliency", ecssd, *flags) == 0
    printed = capsys.readouterr().out
    run = json.loads(copy.read_text())
    assert copy.read_text() == (out / "run.json").read_text()
    assert f"{run['tables'][0]['rows']['all']['accuracy']:.3f}" in printed
    assert "TokenCut (Wang et al., CVPR 2022, ECSSD)" in printed
    assert "71.20" in printed
    assert "3 samples, 0 could not be read" in printed
    assert {path.name for path in (out / "pictures").iterdir()} == {"a.jpg", "b.jpg", "c.jpg"}


def test_run_stores_settings_that_can_change_metrics(ecssd, tmp_path):
    out = tmp_path / "out"
    flags = [*NETWORK, "--clustering.seed", "7", "--limit", "1", "--out", str(out)]
    assert evaluate("saliency", ecssd, *flags) == 0
    settings = json.loads((out / "settings.json").read_text())
    assert settings["data"] == str(ecssd.resolve())
    assert settings["seed"] == 7
    assert settings["options"]["resolution"] == 96
    assert settings["versions"]["torch"] == version("torch")
    assert settings["machine"]["cores"] >= 1
    typed = shlex.split(settings["command"])
    assert typed[:2] == ["scenerep-eval", "saliency"]
    assert typed[-2:] == ["--out", str(out)]


def test_run_stores_own_flags_of_protocol(tmp_path):
    data, out = write_davis(tmp_path / "davis"), tmp_path / "out"
    assert evaluate("co3d", data, *NETWORK, "--every", "2", "--out", str(out)) == 0
    assert json.loads((out / "settings.json").read_text())["flags"] == {"every": 2}
    assert [row.name for row in read_rows(out)] == ["bear/00000", "swan/00000"]


def test_run_prints_published_results_of_original_study(tmp_path, capsys):
    data = write_davis(tmp_path / "davis", frames=1)
    assert evaluate("co3d", data, *NETWORK, "--out", str(tmp_path / "out")) == 0
    printed = capsys.readouterr().out
    for name, iou in (("ODIN 256", "78.60"), ("BYOL 512 + PCA", "78.01"), ("ODIN 512", "59.08")):
        (line,) = [line for line in printed.splitlines() if line.startswith(f"{name} (")]
        assert line.endswith(iou)
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    measured = 100 * run["tables"][0]["rows"]["all"]["iou"]
    assert f"{measured:.2f}"[:4] in printed.split("this run")[1].splitlines()[0]


def test_run_names_and_counts_unreadable_image(ecssd, tmp_path, capsys):
    truncate_file(ecssd / "images" / "b.jpg")
    assert evaluate("saliency", ecssd, *NETWORK, "--out", str(tmp_path / "out")) == 0
    printed = capsys.readouterr().out
    assert "failed: b: " in printed
    assert "3 samples, 1 could not be read" in printed


def test_run_resumes_in_default_folder(ecssd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert evaluate("saliency", ecssd, *NETWORK, "--limit", "2") == 0
    out = tmp_path / "runs" / "eval" / "saliency-ecssd-vit_tiny_patch16_224-kmeans-resolution96"
    before = (out / "rows.jsonl").read_bytes()
    assert evaluate("saliency", ecssd, *NETWORK) == 0
    after = (out / "rows.jsonl").read_bytes()
    assert after.startswith(before)
    assert [row.name for row in read_rows(out)] == ["a", "b", "c"]
    # Another number of clusters gets a folder of its own.
    flags = ("--kmeans.clusters", "3", "--clustering.pca", "4", "--limit", "1")
    assert evaluate("saliency", ecssd, *NETWORK, *flags) == 0
    assert out.with_name(f"{out.name}-pca4-clusters3").is_dir()


def test_checkpoint_sets_backbone_and_stores_checksum(ecssd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "vit_tiny_patch16_224"
    state = timm.create_model(name, num_classes=0, dynamic_img_size=True).state_dict()
    card = ModelCard(
        architecture=name,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        resolution=96,
        origin="a test",
        license="Apache-2.0",
    )
    save_checkpoint(tmp_path / "tuned", state, card)
    weights = tmp_path / "tuned" / "model.safetensors"
    for given in (weights.parent, weights):
        flags = ["--checkpoint", str(given), "--out", str(tmp_path / given.name), "--limit", "1"]
        assert evaluate("saliency", ecssd, *flags) == 0
        settings = json.loads((tmp_path / given.name / "settings.json").read_text())
        assert settings["options"]["backbone"] == name
        assert settings["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert evaluate("saliency", ecssd, "--checkpoint", str(weights), "--limit", "1") == 0
    assert (
        tmp_path / "runs" / "eval" / "saliency-ecssd-tuned-kmeans-resolution96" / "run.json"
    ).exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([*NETWORK, "--method", "kmean"], "did you mean kmeans"),
        (["--backbone", "vit_tiny_patch16_22", "--weights", "random"], "vit_tiny_patch16_224"),
        (["--checkpoint", "nowhere.pth"], "nowhere.pth"),
        ([*NETWORK, "--checkpoint", "nowhere.pth"], "--checkpoint and --weights"),
    ],
)
def test_invalid_option_exits_1_with_one_line(ecssd, capsys, flags, message):
    assert evaluate("saliency", ecssd, *flags) == 1
    error = capsys.readouterr().err
    assert error.startswith("scenerep-eval saliency: ")
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize("protocol", ["objects", "saliency", "co3d"])
def test_missing_data_exits_1_naming_path(protocol, tmp_path, capsys):
    assert evaluate(protocol, tmp_path / "nowhere", *NETWORK) == 1
    assert str(tmp_path / "nowhere") in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["saliency"],
        ["saliency", "--data", "x", "--limit", "0"],
        ["salience", "--data", "x"],
        ["co3d", "--data", "x", "--every", "0"],
    ],
)
def test_wrong_usage_exits_2(argv):
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2


def test_interrupted_run_exits_130_and_says_how_to_resume(ecssd, tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(PROTOCOLS["saliency"], "evaluate", interrupt)
    assert evaluate("saliency", ecssd, *NETWORK, "--out", str(tmp_path / "out")) == 130
    assert "call again to resume" in capsys.readouterr().err


@pytest.mark.parametrize("name", PROTOCOLS)
def test_help_of_protocol_shows_definition_and_options(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert PROTOCOLS[name].__doc__.splitlines()[0] in printed
    assert "--use-depth" in printed
