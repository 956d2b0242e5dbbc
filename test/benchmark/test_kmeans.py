"""Comparison of the K-Means sweep with scikit-learn's."""

import json
import sys

import numpy as np
import pytest

from scenerep_ros.benchmark.kmeans import kmeans_benchmark
from scenerep_ros.errors import ConfigError


def test_kmeans_benchmark_measures_both_on_the_same_sweep():
    features = np.random.default_rng(0).normal(size=(6, 8, 32)).astype(np.float32)
    figures = kmeans_benchmark(features, repeats=1)
    assert figures["grid"] == [6, 8, 32]
    assert figures["sizes"] == list(range(2, 11))
    times = figures["milliseconds"]
    assert figures["ratio"] == times["sklearn"] / times["ours"] > 0
    for name in ("ours", "sklearn"):
        curve = figures["inertia"][name]
        assert len(curve) == 9
        assert curve[0] > curve[-1] > 0
        assert figures["k"][name] in figures["sizes"]
    assert json.loads(json.dumps(figures)) == figures


def test_kmeans_benchmark_without_scikit_learn_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigError, match=r'pip install "scenerep_ros\[bench\]"'):
        kmeans_benchmark(np.zeros((6, 8, 32), np.float32))
