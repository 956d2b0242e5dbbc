"""Weight files of other projects."""

import os

import pytest
import safetensors.torch
import timm
import torch

from scenerep_ros.backbones.state_dict import load_strictly, read_state_dict
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
    ],
    ids=["bare", "lightning", "ddp", "compiled", "teacher and student", "dino", "classifier"],
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
