"""Exports in the cache that were accepted."""

from dataclasses import replace

import pytest
from exported_folders import PARITY, write_export

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.export.folder import PARITY_NAME, accepted_exports, export_folder

VIT = "vit_small_patch14_dinov2.lvd142m"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))
    return tmp_path


def options(weights):
    return BackboneOptions(weights=str(weights))


def test_exports_of_the_same_weights_are_found(cache):
    weights, export = write_export(cache, VIT)
    assert list(accepted_exports(options(weights))) == [export]


def test_exports_below_the_floor_are_left_out(cache):
    weights, _ = write_export(cache, VIT, parity=replace(PARITY, label_agreement=0.9))
    assert list(accepted_exports(options(weights))) == []


def test_exports_of_other_weights_are_left_out(cache, tmp_path_factory):
    write_export(cache, VIT)
    weights, _ = write_export(tmp_path_factory.mktemp("other"), "resnet18")
    assert list(accepted_exports(BackboneOptions(backbone="resnet18", weights=str(weights)))) == []


def test_exports_without_a_readable_report_are_left_out(cache):
    weights, export = write_export(cache, VIT)
    (export / PARITY_NAME).write_text("{}")
    assert list(accepted_exports(options(weights))) == []
    (export / PARITY_NAME).unlink()
    assert list(accepted_exports(options(weights))) == []


def test_folder_of_an_export_names_network_precision_and_format(cache):
    expected = cache / "exports" / "vit_small_patch14_dinov2-int8-openvino"
    assert export_folder(VIT, "int8", "openvino") == expected
