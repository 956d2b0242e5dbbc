"""Weights of timm's hub without a network."""

from __future__ import annotations

import pytest
from huggingface_hub import constants

from scenerep_ros.backbones.networks.timm_networks import load_network
from scenerep_ros.errors import WeightsError


def test_unreachable_hub_is_named_and_not_asked_again(monkeypatch, caplog):
    # No process listens on the port for discarded data, so that connections are refused at once.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(WeightsError, match="weights of resnet18"):
        load_network("resnet18.a1_in1k", "hub")
    assert "127.0.0.1 cannot be reached" in caplog.text
    assert not constants.HF_HUB_OFFLINE
