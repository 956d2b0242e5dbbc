"""Compiled models of OpenVINO in the folder of their graph."""

import gc
import os
import shutil
import signal

import numpy as np
import pytest

from scenerep_ros.backbones.runtimes.graph import read_graph

openvino_engine = pytest.importorskip(
    "scenerep_ros.backbones.runtimes.openvino_engine", reason="openvino is installed on x86 only"
)
NAME = "mobilenetv4_conv_small_035"


@pytest.fixture
def graph(loaded, cache, tmp_path):
    """Return a graph of a small convnet without compiled models."""
    loaded(NAME, runtime="onnxruntime")
    (folder,) = (cache / "graphs").glob(f"{NAME}-*")
    ignored = shutil.ignore_patterns("*.blob")
    return read_graph(shutil.copytree(folder, tmp_path / "graph", ignore=ignored))


def run(graph, size=64, **options):
    engine = openvino_engine.OpenVINOEngine(graph, "fp32", **options)
    image = np.random.default_rng(0).normal(size=(1, 3, size, size)).astype(np.float32)
    return engine({"image": image})["tokens"]


def blobs(graph):
    return {path: path.stat().st_ino for path in graph.folder.glob("*.blob")}


def test_signal_after_engines_with_overlapping_lives_is_handled(graph):
    received = []
    previous = signal.signal(signal.SIGUSR1, lambda number, _: received.append(number))
    try:
        first, second = (openvino_engine.OpenVINOEngine(graph, "fp32") for _ in range(2))
        del first
        gc.collect()
        del second
        gc.collect()
        os.kill(os.getpid(), signal.SIGUSR1)  # on a CPU with AMX, a freed stack ended the process
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert received == [signal.SIGUSR1]


def test_compiled_model_is_stored_and_used_again(graph):
    first = run(graph)
    stored = blobs(graph)
    assert len(stored) == 1
    np.testing.assert_allclose(run(graph), first, rtol=1e-4, atol=1e-5)
    assert blobs(graph) == stored


@pytest.mark.parametrize("content", [b"damaged", b""])  # a power cut can leave an empty file
def test_damaged_compiled_model_is_replaced_with_a_warning(graph, caplog, content):
    expected = run(graph)
    (path,) = blobs(graph)
    path.write_bytes(content)
    np.testing.assert_allclose(run(graph), expected, rtol=1e-4, atol=1e-5)
    assert "compiled again" in caplog.text
    assert path.stat().st_size > 1000


def test_compiled_models_of_a_graph_are_limited_in_number(graph):
    for size in range(32, 32 * 7, 32):
        run(graph, size)
    assert len(blobs(graph)) == openvino_engine.MAX_BLOBS


def test_compiled_model_used_last_is_kept_when_others_are_added(graph):
    run(graph, 32)
    (path,) = blobs(graph)
    for size in (64, 96, 128, 32, 160, 192, 224):
        run(graph, size)
    assert path in blobs(graph)


def test_graph_that_cannot_store_models_warns_and_runs(graph, caplog, monkeypatch):
    expected = run(graph, keeps_compiled=False)
    assert not blobs(graph)

    def refuse(path, content):
        raise OSError("no space left on device")

    monkeypatch.setattr(openvino_engine, "write_atomically", refuse)
    np.testing.assert_allclose(run(graph), expected, rtol=1e-4, atol=1e-5)
    assert "compiled again at the next start" in caplog.text
