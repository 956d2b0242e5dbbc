"""Weight files of other projects."""

import argparse
import collections
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch

from scenerep_ros.backbones.weights.names import PREFIXES, unwrap
from scenerep_ros.backbones.weights.state_dict import load_strictly, read_state_dict
from scenerep_ros.errors import WeightsError


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(1)
    return timm.create_model("mobilenetv4_conv_small_035", num_classes=0).state_dict()


@pytest.fixture
def network():
    return timm.create_model("mobilenetv4_conv_small_035", num_classes=0)


def prefixed(prefix, weights):
    return {prefix + key: value for key, value in weights.items()}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: w,
        lambda w: {"state_dict": w, "epoch": 3},
        lambda w: {"model": prefixed("module.", w), "optimizer": {"lr": 0.1}},
        lambda w: {"state_dict": prefixed("_orig_mod.", w)},
        lambda w: {"student": prefixed("module.", w) | {"x": torch.ones(1)}, "teacher": w},
        lambda w: {
            "teacher": prefixed("module.backbone.", w) | {"module.head.mlp.weight": torch.ones(2)}
        },
        lambda w: w | {"classifier.weight": torch.ones(1000, 1280)},
        lambda w: {"state_dict": prefixed("module._orig_mod.backbone.", w)},
        lambda w: {"state_dict": prefixed("_orig_mod.module.model.", w)},
        lambda w: (
            prefixed("module.encoder_k.", {key: 0 * value for key, value in w.items()})
            | prefixed("module.encoder_q.", w)
            | {"module.queue": torch.ones(2)}
        ),
        lambda w: {
            "state_dict": prefixed("module.base_encoder.", w)
            | prefixed("module.momentum_encoder.", {key: 0 * value for key, value in w.items()})
        },
        lambda w: (
            prefixed("student_backbone.", {key: 0 * value for key, value in w.items()})
            | prefixed("teacher_backbone.", w)
            | {"teacher_head.layers.0.weight": torch.ones(2)}
        ),
        lambda w: (
            w | {"projection_head.0.weight": torch.ones(2), "prototypes.weight": torch.ones(2)}
        ),
        lambda w: {"model": prefixed("encoder.", w) | {"predictor.0.weight": torch.ones(2)}},
    ],
    ids=[
        "bare",
        "lightning",
        "ddp",
        "compiled",
        "teacher and student",
        "dino",
        "classifier",
        "compiled ddp",
        "ddp compiled",
        "moco",
        "moco v3",
        "lightly dino",
        "swav",
        "simsiam",
    ],
)
def test_read_state_dict_removes_common_wrappers_and_prefixes(tmp_path, network, weights, wrap):
    path = tmp_path / "weights.pth"
    torch.save(wrap(weights), path)
    load_strictly(network, read_state_dict(path), "a test")
    assert all(torch.equal(value, weights[key]) for key, value in network.state_dict().items())


def test_read_state_dict_reads_safetensors(tmp_path, network, weights):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(prefixed("backbone.", weights), path)
    load_strictly(network, read_state_dict(path), "a test")
    assert torch.equal(network.state_dict()["conv_stem.weight"], weights["conv_stem.weight"])


def test_load_strictly_translates_names_of_the_dinov2_repository():
    """Register and mask tokens differ in name and shape from timm."""
    network = timm.create_model("vit_small_patch14_reg4_dinov2", num_classes=0, depth=1)
    state = network.state_dict()
    original = {key.replace("reg_token", "register_tokens"): value for key, value in state.items()}
    original["mask_token"] = torch.zeros(1, 384)
    original["pos_embed"] = torch.cat([torch.zeros(1, 1, 384), state["pos_embed"]], dim=1)
    load_strictly(network, {key: value + 1 for key, value in original.items()}, "a test")
    torch.testing.assert_close(network.state_dict()["reg_token"], state["reg_token"])


@pytest.fixture
def vit():
    return timm.create_model("vit_tiny_patch16_224", num_classes=0, depth=2)


def named(state, rename):
    return {rename(key): value for key, value in state.items()}


@pytest.mark.parametrize("prefix", ["", "module.backbone."])
@pytest.mark.parametrize("image_size", [96, 384])
def test_load_strictly_resizes_the_position_embedding(tmp_path, vit, prefix, image_size):
    other = timm.create_model("vit_tiny_patch16_224", num_classes=0, depth=2, img_size=image_size)
    torch.save(prefixed(prefix, other.state_dict()), tmp_path / "a.pth")
    load_strictly(vit, read_state_dict(tmp_path / "a.pth"), "a test")
    assert torch.equal(vit.pos_embed[:, 0], other.pos_embed[:, 0])
    torch.testing.assert_close(vit.pos_embed.mean(), other.pos_embed.mean(), atol=0.002, rtol=0)


def test_load_strictly_numbers_the_blocks_of_dinov2_through(vit):
    state = {key: value + 1 for key, value in vit.state_dict().items()}
    chunked = named(
        state,
        lambda key: key.replace("blocks.0.", "blocks.0.0.").replace("blocks.1.", "blocks.1.1."),
    )
    load_strictly(vit, chunked, "a test")
    assert torch.equal(vit.state_dict()["blocks.1.norm1.weight"], state["blocks.1.norm1.weight"])


def test_load_strictly_names_the_children_of_lightly():
    """lightly's examples build a backbone as Sequential(*list(resnet.children())[:-1])."""
    network = timm.create_model("resnet18", num_classes=0)
    children = [name for name, _ in network.named_children()]
    state = {key: value + 1 for key, value in network.state_dict().items()}

    def number(key):
        child, _, rest = key.partition(".")
        return f"backbone.{children.index(child)}.{rest}"

    load_strictly(network, unwrap({"state_dict": named(state, number)}), "a test")
    assert torch.equal(
        network.state_dict()["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"]
    )


@pytest.mark.parametrize(
    ("prefix", "copy"),
    [
        ("ema_model.module.", "model."),
        ("online_net.net.", "target_net.net."),
        ("teacher_model.", "student_model."),
        ("base_model.model.", None),
        ("learner.f.0.", "learner.momentum_f.0."),
    ],
)
def test_load_strictly_removes_unknown_prefixes(vit, prefix, copy):
    wanted = {key: value + 1 for key, value in vit.state_dict().items()}
    state = prefixed(prefix, wanted) | {"loss.center": torch.ones(1)}
    if copy and copy not in PREFIXES:
        state |= prefixed(copy, {key: 0 * value for key, value in wanted.items()})
    load_strictly(vit, unwrap({"some_name": state, "epoch": 3}), "file")
    assert torch.equal(vit.state_dict()["cls_token"], wanted["cls_token"])


def test_unwrap_reads_weights_stored_as_arrays(weights):
    arrays = {key: value.numpy() for key, value in weights.items()}
    state = unwrap({"model": arrays, "names": np.array(["a"])})
    assert state.keys() == weights.keys()
    assert all(torch.equal(state[key], weights[key]) for key in state)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_load_strictly_of_diverged_weights_is_rejected(vit, value):
    state = {key: weight.clone() for key, weight in vit.state_dict().items()}
    state["blocks.1.norm1.weight"][0] = value
    with pytest.raises(WeightsError, match=r"1 of its tensors have values .*blocks\.1\.norm1"):
        load_strictly(vit, state, "a test")


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("vit_small_patch16_224", "a ViT with width 384, blocks 12"),
        ("vit_tiny_patch16_224", "a ViT with blocks 12: set backbone"),
        ("resnet18", "no name is common, the file has bn1.bias"),
    ],
)
def test_load_strictly_of_another_model_names_what_it_is(vit, model, advice):
    state = timm.create_model(model, num_classes=0).state_dict()
    with pytest.raises(WeightsError, match=advice):
        load_strictly(vit, state, "a test")


def legacy_numpy(content):
    """Return a pickle with the module names of NumPy 1."""
    return content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize("numpy_version", [1, 2])
def test_read_state_dict_of_training_code_reads_its_records(tmp_path, new_format, numpy_version):
    content = {
        "teacher": {"module.backbone.weight": torch.ones(2)},
        "args": argparse.Namespace(lr=1e-3, output_dir=Path("out"), arch="vit_small"),
        "loss": np.float64(0.5),
        "epoch": np.int64(3),
        "best": np.float32(0.1),
        "centers": np.ones((2, 3)),
        "schedule": collections.defaultdict(dict, {"a": {}}),
    }
    path = tmp_path / "checkpoint.pth"
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    if numpy_version == 1 and not new_format:
        path.write_bytes(legacy_numpy(path.read_bytes()))
    assert read_state_dict(path)["weight"].tolist() == [1, 1]


def test_read_state_dict_of_lightning_reads_its_hyperparameters(tmp_path, monkeypatch):
    parts = ["lightning", "fabric", "utilities", "data"]
    for count in range(1, len(parts) + 1):
        module = types.ModuleType(".".join(parts[:count]))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    module.AttributeDict = type("AttributeDict", (dict,), {"__module__": module.__name__})
    content = {
        "state_dict": {"model.backbone.weight": torch.ones(2)},
        "hyper_parameters": module.AttributeDict(lr=0.1),
    }
    torch.save(content, tmp_path / "last.ckpt")
    assert read_state_dict(tmp_path / "last.ckpt")["weight"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"", "is empty; copy or download it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "run `git lfs pull`"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"PK\x03\x04" + bytes(200), "is truncated or damaged"),
    ],
)
def test_read_state_dict_of_other_files_names_the_remedy(tmp_path, content, advice):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"weights.pth: .*{advice}"):
        read_state_dict(path)


def test_read_state_dict_of_a_whole_model_names_its_class(tmp_path, vit):
    torch.save(vit, tmp_path / "model.pth")
    with pytest.raises(WeightsError, match=r"holds timm\.\S+, .*torch\.save\(model\.state_dict"):
        read_state_dict(tmp_path / "model.pth")


def test_load_strictly_of_mismatched_weights_names_some_keys(network, weights):
    state = {key: value for key, value in weights.items() if not key.startswith("blocks.0")}
    state |= {"blocks.9.strange": torch.ones(1), "conv_stem.weight": torch.ones(2)}
    expected = r"student.pth.* missing \(blocks\.0.*1 unexpected \(blocks\.9\.strange\).*"
    with pytest.raises(WeightsError, match=expected + r"1 of another shape \(conv_stem\.weight\)"):
        load_strictly(network, state, "student.pth")


class Malicious:
    """Object that creates a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("new_format", [True, False])
def test_read_state_dict_does_not_execute_pickled_code(tmp_path, new_format):
    trap, path = tmp_path / "trap", tmp_path / "evil.pth"
    content = {"state_dict": {"weight": torch.ones(1)}, "extra": Malicious(trap)}
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(WeightsError, match=r"evil\.pth: .*with code in it, which is never run"):
        read_state_dict(path)
    assert not trap.exists()
    torch.load(path, weights_only=False)
    assert trap.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.pth", b"these are not the weights you are looking for\n"),
        ("empty.pth", b""),
        ("noise.pth", bytes(range(256)) * 20),
        ("zip.pth", b"PK\x03\x04" + bytes(200)),
        ("text.safetensors", b"neither are these"),
        ("empty.safetensors", b""),
        ("huge.safetensors", b"\xff" * 100),
    ],
)
def test_read_state_dict_of_other_content_is_rejected(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=name):
        read_state_dict(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_read_state_dict_of_truncated_file_is_rejected(tmp_path, weights, suffix):
    path = tmp_path / f"weights{suffix}"
    save = torch.save if suffix == ".pth" else safetensors.torch.save_file
    save(weights, path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="weights"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [{}, [1, 2], {"epoch": 3}, torch.ones(3)])
def test_read_state_dict_without_tensors_is_rejected(tmp_path, content):
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"odd\.pth: contains no tensors"):
        read_state_dict(tmp_path / "odd.pth")


def test_read_state_dict_of_missing_file_names_it(tmp_path):
    with pytest.raises(WeightsError, match=r"absent\.pth: cannot be read: No such file"):
        read_state_dict(tmp_path / "absent.pth")
