"""Checkpoints: writing, reading and verification."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import yaml

from scenerep_ros.backbones.weights.checkpoint import (
    CARD_NAME,
    WEIGHTS_NAME,
    ModelCard,
    find_checkpoint,
    read_card,
    read_checkpoint,
    save_checkpoint,
)
from scenerep_ros.errors import WeightsError

CARD = ModelCard(
    architecture="resnet18",
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.3),
    resolution=256,
    origin="a test",
    license="Apache-2.0",
    training={"method": "dino", "epochs": 3},
)


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(tmp_path / "student", {"weight": torch.arange(1000.0)}, CARD)
    return tmp_path / "student"


def test_read_checkpoint_returns_the_saved_card_and_weights(folder):
    card, state = read_checkpoint(folder)
    assert card.model_copy(update={"sha256": ""}) == CARD
    assert torch.equal(state["weight"], torch.arange(1000.0))
    assert {path.name for path in folder.iterdir()} == {WEIGHTS_NAME, CARD_NAME}


def test_save_checkpoint_copies_views_and_shared_tensors(tmp_path):
    matrix = torch.arange(12.0).view(3, 4)
    save_checkpoint(tmp_path, {"a": matrix, "same": matrix, "view": matrix.T}, CARD)
    state = read_checkpoint(tmp_path)[1]
    assert torch.equal(state["same"], matrix)
    assert torch.equal(state["view"], matrix.T)


def test_save_checkpoint_replaces_an_existing_checkpoint(folder):
    save_checkpoint(folder, {"weight": torch.zeros(3)}, CARD)
    assert torch.equal(read_checkpoint(folder)[1]["weight"], torch.zeros(3))


def test_save_checkpoint_by_concurrent_writers_leaves_a_valid_checkpoint(tmp_path):
    state = {"weight": torch.arange(200_000.0)}
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(save_checkpoint, tmp_path, state, CARD) for _ in range(24)]:
            future.result()
    assert torch.equal(read_checkpoint(tmp_path)[1]["weight"], state["weight"])
    assert len(list(tmp_path.iterdir())) == 2


def truncate_weights(folder):
    path = folder / WEIGHTS_NAME
    path.write_bytes(path.read_bytes()[:-100])


def edit_weights(folder):
    path = folder / WEIGHTS_NAME
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def edit_card(folder, **changes):
    path = folder / CARD_NAME
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate_weights, "SHA-256 is .* truncated, modified"),
        (edit_weights, "SHA-256 is .* truncated, modified"),
        (lambda folder: edit_card(folder, sha256="0" * 64), "model.yaml says 000000000000"),
        (lambda folder: edit_card(folder, std=[0, 1, 1]), "std.*greater than 0"),
        (lambda folder: edit_card(folder, resolutoin=3), "resolutoin: Extra inputs"),
        (lambda folder: (folder / WEIGHTS_NAME).unlink(), "No such file"),
        (lambda folder: (folder / CARD_NAME).unlink(), "no model card"),
        (lambda folder: (folder / CARD_NAME).write_text("- a list"), "no model card"),
        (lambda folder: (folder / CARD_NAME).write_text("{"), "no model card"),
        (lambda folder: (folder / CARD_NAME).write_bytes(b"\xff\xfe\x00"), "no model card"),
    ],
)
def test_read_checkpoint_of_damaged_files_names_the_damage(folder, damage, message):
    damage(folder)
    with pytest.raises(WeightsError, match=rf"(?s)model\.(yaml|safetensors).*{message}"):
        read_checkpoint(folder)


@pytest.mark.parametrize("weights", ["~nosuchuser/weights", "a" * 5000])
def test_find_checkpoint_at_unreadable_path_names_the_weights(weights):
    with pytest.raises(WeightsError, match=f"weights .*{weights}"):
        find_checkpoint(weights)


def test_read_card_without_weights_returns_the_card(folder):
    (folder / WEIGHTS_NAME).unlink()
    assert read_card(folder).training == {"method": "dino", "epochs": 3}
