"""Flag --ablate: the same figures with an untrained network and without depth."""

from __future__ import annotations

import csv
import json

import pytest
import timm
from layouts import square_mask, write_davis, write_ecssd, write_tum
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import read_rows

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint

BACKBONE = "vit_tiny_patch16_224"
FAST = ["--device", "cpu", "--precision", "fp32", "--resolution", "96", "--method", "kmeans"]
UNTRAINED = [*FAST, "--backbone", BACKBONE, "--weights", "random"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Folder of a checkpoint, whose weights differ from those of the untrained network."""
    folder = tmp_path_factory.mktemp("weights") / "tuned"
    network = timm.create_model(BACKBONE, num_classes=0, dynamic_img_size=True)
    card = ModelCard(
        architecture=BACKBONE,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        resolution=96,
        origin="a test",
        license="Apache-2.0",
    )
    save_checkpoint(folder, network.state_dict(), card)
    return folder


def ablate(protocol, data, out, *flags):
    """Run a protocol with --ablate and return the content of run.json."""
    assert main([protocol, "--data", str(data), "--ablate", "--out", str(out), *flags]) == 0
    return json.loads((out / "run.json").read_text())


def test_ablation_equals_run_with_random_weights(checkpoint, tmp_path):
    data = write_ecssd(tmp_path / "ecssd")
    run = ablate("saliency", data, tmp_path / "out", *FAST, "--checkpoint", str(checkpoint))
    assert list(run["ablations"]) == ["untrained network"]
    untrained = ablate("saliency", data, tmp_path / "untrained", *UNTRAINED)
    assert untrained["ablations"] == {}
    assert run["ablations"]["untrained network"]["tables"] == untrained["tables"]


def test_ablation_without_depth_equals_run_without_depth(tmp_path):
    data = tmp_path / "tum"
    write_tum(data, [square_mask(3, left=left) for left in (4, 20)])
    run = ablate("objects", data, tmp_path / "out", *UNTRAINED)
    assert list(run["ablations"]) == ["without depth"]
    rgb = ablate("objects", data, tmp_path / "rgb", *UNTRAINED, "--no-use-depth")
    assert rgb["ablations"] == {}
    assert run["ablations"]["without depth"]["tables"] == rgb["tables"]


def test_ablation_is_printed_below_each_row(tmp_path, capsys):
    data = tmp_path / "tum"
    write_tum(data, [square_mask(3)])
    run = ablate("video", data, tmp_path / "out", *UNTRAINED)
    lines = capsys.readouterr().out.splitlines()
    row = next(index for index, line in enumerate(lines) if line.startswith("all "))
    assert lines[row + 1].startswith("all, without depth ")
    frames = run["ablations"]["without depth"]["tables"][0]["rows"]["all"]["frames"]
    assert f"{frames:.3f}" in lines[row + 1]


def test_interrupted_ablation_is_resumed(tmp_path, monkeypatch):
    data, out = tmp_path / "tum", tmp_path / "out"
    write_tum(data, [square_mask(3, left=left) for left in (4, 20, 36)])
    evaluate = PROTOCOLS["objects"].evaluate

    def interrupt_last_ablated(self, sample):
        if sample == "2" and not self.config.use_depth:
            raise KeyboardInterrupt
        return evaluate(self, sample)

    with monkeypatch.context() as patch:
        patch.setattr(PROTOCOLS["objects"], "evaluate", interrupt_last_ablated)
        flags = ["--data", str(data), *UNTRAINED, "--ablate", "--out", str(out)]
        assert main(["objects", *flags]) == 130
    rows = out / "ablations" / "without_depth" / "rows.jsonl"
    before = rows.read_bytes()
    ablate("objects", data, out, *UNTRAINED)
    assert rows.read_bytes().startswith(before)
    assert [row.name for row in read_rows(rows.parent)] == ["0", "1", "2"]


def test_report_lists_ablations_in_page_json_and_csv(checkpoint, tmp_path):
    data, out = write_davis(tmp_path / "davis", frames=3), tmp_path / "out"
    run = ablate("co3d", data, out, *FAST, "--checkpoint", str(checkpoint))
    page = tmp_path / "report.html"
    assert main(["report", str(out), "--out", str(page)]) == 0
    assert "out, untrained network" in page.read_text()
    assert "bear, untrained network" in page.read_text()
    tables = run["ablations"]["untrained network"]["tables"]
    (content,) = json.loads(page.with_suffix(".json").read_text())["runs"]
    assert content["ablations"]["untrained network"]["tables"] == tables
    lines = list(csv.DictReader(page.with_suffix(".csv").read_text().splitlines()))
    (value,) = [
        float(line["value"])
        for line in lines
        if (line["ablation"], line["row"], line["metric"]) == ("untrained network", "all", "iou")
    ]
    assert value == tables[0]["rows"]["all"]["iou"]


@pytest.mark.parametrize("protocol", ["attention", "collapse", "speed"])
def test_protocol_without_trained_figures_refuses_flag(protocol):
    with pytest.raises(SystemExit) as stopped:
        main([protocol, "--data", "x", "--ablate"])
    assert stopped.value.code == 2
