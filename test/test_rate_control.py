"""Choice of the execution, from a table of durations and by measuring."""

from __future__ import annotations

from pathlib import Path

import pytest
from exported_folders import write_export

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.rate_control import (
    CONSTANTS,
    choose_execution,
    resolutions_of,
)

pytestmark = pytest.mark.usefixtures("empty_cache")
VIT = "vit_small_patch14_dinov2.lvd142m"


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))
    return tmp_path


def table(speeds):
    """Meter of a machine: duration at 308 px by backbone and runtime [ms], by number of patches.

    An export counts as the runtime `export`.
    """

    def open_meter(options):
        is_export = Path(options.weights).parent.name == "exports"
        full_ms = speeds.get((options.backbone, "export" if is_export else options.runtime))
        return None if full_ms is None else lambda size: full_ms * (size / 308) ** 2

    return open_meter


def options(rate, **changes):
    return BackboneOptions(target_rate=rate, **changes)


def test_choice_takes_fastest_runtime_at_full_resolution_if_it_fits():
    speeds = {(VIT, "openvino"): 80.0, (VIT, "torch"): 170.0, (VIT, "onnxruntime"): 110.0}
    choice = choose_execution(options(5), table(speeds))
    assert choice.is_sufficient
    assert (choice.execution.runtime, choice.execution.resolution) == ("openvino", 308)
    assert len(choice.measured) == 2  # torch is not even loaded
    assert "onnxruntime auto, 308 px: 110.0 ms" in choice.describe(5)


def test_choice_takes_torch_where_no_other_runtime_executes_the_network():
    choice = choose_execution(options(5), table({(VIT, "torch"): 80.0}))
    assert choice.is_sufficient
    assert choice.execution.runtime == "torch"


def test_choice_lowers_the_resolution_to_the_highest_that_fits():
    choice = choose_execution(options(12), table({(VIT, "openvino"): 80.0}))
    assert choice.execution.resolution == 197
    assert choice.execution.forward_ms <= CONSTANTS.forward_share * 1e3 / 12


def test_choice_takes_the_student_where_no_resolution_fits():
    speeds = {(VIT, "openvino"): 80.0, ("student", "openvino"): 8.0}
    choice = choose_execution(options(60), table(speeds))
    assert (choice.execution.backbone, choice.execution.resolution) == ("student", 308)


def test_choice_keeps_a_backbone_that_the_user_named():
    speeds = {("resnet18", "openvino"): 80.0, ("student", "openvino"): 8.0}
    choice = choose_execution(options(60, backbone="resnet18"), table(speeds))
    assert not choice.is_sufficient
    assert (choice.execution.backbone, choice.execution.resolution) == ("resnet18", 154)
    assert "too slow" in choice.describe(60)


def test_choice_measures_only_a_runtime_that_the_user_named():
    speeds = {(VIT, "openvino"): 80.0, (VIT, "torch"): 170.0}
    choice = choose_execution(options(2, runtime="torch"), table(speeds))
    assert [item.runtime for item in choice.measured] == ["torch"]


def test_resolutions_of_a_small_option_stay_in_its_bounds():
    assert resolutions_of(32) == (32,)


@pytest.mark.parametrize(
    ("rate", "runtime", "resolution"),
    [(5, "openvino", 308), (12, "export", 308), (30, "export", 197)],
)
def test_choice_prefers_resolution_to_the_precision_of_an_export(
    empty_cache, rate, runtime, resolution
):
    weights, export = write_export(empty_cache, VIT)
    speeds = {(VIT, "openvino"): 80.0, (VIT, "export"): 40.0}
    choice = choose_execution(options(rate, weights=str(weights)), table(speeds))
    assert choice.execution.resolution == resolution
    chosen = choice.execution.apply(options(rate, weights=str(weights)))
    assert chosen.weights == str(export if runtime == "export" else weights)
    assert f"export {export}" in choice.describe(rate)


def test_choice_without_a_table_measures_the_forward_pass(empty_cache):
    small = {"backbone": "vit_tiny_patch16_224", "weights": "random", "resolution": 64}
    choice = choose_execution(options(0.01, **small))
    assert choice.is_sufficient
    assert choice.execution.resolution == 64
    assert choice.execution.forward_ms > 0
    assert not choose_execution(options(1000, **small)).is_sufficient
