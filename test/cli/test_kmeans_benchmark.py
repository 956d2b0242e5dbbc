import json

import numpy as np

from scenerep_ros.cli.kmeans_benchmark import kmeans_benchmark


def test_both_are_measured_on_the_same_sweep():
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
