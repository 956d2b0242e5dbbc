"""The command `scenerep-eval study` on tiny data and networks."""

import csv
import json

import pytest
from layouts import write_co3d, write_davis
from scenerep_training.cli.evaluate import main
from scenerep_training.datasets.single_object import list_single_object
from scenerep_training.methods.registry import METHODS
from scenerep_training.study.networks import NETWORKS, select_networks, with_momentum
from scenerep_training.study.options import StudyOptions
from scenerep_training.study.split import split_sequences

from scenerep_ros.backbones.networks.timm_networks import load_network
from scenerep_ros.errors import ConfigError, SourceError

SEQUENCES = tuple(f"sequence{index}" for index in range(4))
FAST = [
    "--seeds",
    "1",
    "--steps",
    "2",
    "--batch-size",
    "2",
    "--convnet",
    "test_resnet",
    "--convnet-init",
    "random",
]


@pytest.fixture
def davis(tmp_path):
    return write_davis(tmp_path / "davis", SEQUENCES, frames=3)


def test_split_divides_davis_sequences_without_copies(davis, tmp_path):
    train, test = split_sequences(davis, tmp_path / "parts")
    names = [{name.split("/")[0] for name in list_single_object(part)} for part in (train, test)]
    assert names == [{"sequence0", "sequence2"}, {"sequence1", "sequence3"}]
    assert (test / "JPEGImages" / "480p" / "sequence1").is_symlink()


def test_split_divides_each_category_of_co3d(tmp_path):
    data = write_co3d(tmp_path / "co3d")
    train, test = split_sequences(data, tmp_path / "parts")
    frames = [set(list_single_object(part)) for part in (train, test)]
    assert not frames[0] & frames[1]
    assert frames[0] | frames[1] == set(list_single_object(data))


def test_split_of_single_sequence_names_what_is_missing(tmp_path):
    data = write_davis(tmp_path / "davis", ("bear",))
    with pytest.raises(SourceError, match="no two sequences"):
        split_sequences(data, tmp_path / "parts")


def test_selected_network_brings_start_and_reference():
    names = [network.name for network in select_networks(["DINO, tuned heads"])]
    assert names == ["ViT", "DINO", "DINO, tuned heads"]
    assert select_networks([]) == list(NETWORKS)


def test_unknown_network_lists_those_of_the_study():
    with pytest.raises(ConfigError, match="BYOL 512"):
        select_networks(["MoCo"])


def test_default_convnet_loads_without_hub(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    options = StudyOptions()
    network, _ = load_network(options.convnet, options.convnet_init)
    assert network.feature_info


def test_momentum_of_few_steps_lets_the_teacher_follow():
    few, many = (METHODS["odin"].Options(max_steps=steps) for steps in (20, 100_000))
    assert with_momentum(few).momentum == pytest.approx(0.75)
    assert with_momentum(few).discovery_momentum == pytest.approx(0.75)
    assert with_momentum(many) == many


def test_study_writes_table_and_resumes(davis, tmp_path):
    out = tmp_path / "study"
    command = ["study", "--data", str(davis), "--out", str(out), "--only", "BYOL 256", *FAST]
    assert main(command) == 0
    rows = list(csv.DictReader((out / "study.csv").open()))
    assert {row["network"] for row in rows} == {"convnet 256", "BYOL 256"}
    assert len({row["setting"] for row in rows}) == 4
    for row in rows:
        assert 0 < float(row["mean"]) <= 1
        assert (row["frames"], row["sequences"]) == ("6", "2")
    trained = [row for row in rows if row["network"] == "BYOL 256"]
    untrained = {row["setting"]: float(row["mean"]) for row in rows if row not in trained}
    for row in trained:
        assert float(row["gain"]) == pytest.approx(float(row["mean"]) - untrained[row["setting"]])
    page = (out / "study.html").read_text()
    assert "BYOL 512" in page
    assert "66.6" in page
    assert "2 steps of training" in page
    settings = json.loads((out / "networks" / "byol-256-seed0" / "settings.json").read_text())
    assert settings["options"]["max_steps"] == 2
    # The second call has nothing left to do, and finds the same figures.
    weights = (out / "networks" / "byol-256-seed0" / "model.safetensors").stat().st_mtime_ns
    content = json.loads((out / "study.json").read_text())
    assert main(command) == 0
    assert json.loads((out / "study.json").read_text())["cells"] == content["cells"]
    assert (out / "networks" / "byol-256-seed0" / "model.safetensors").stat().st_mtime_ns == weights


def test_study_of_unknown_layout_fails_with_reason(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    command = ["study", "--data", str(tmp_path / "empty"), "--out", str(tmp_path / "study")]
    assert main(command) == 1
    assert "is neither CO3D" in capsys.readouterr().err
