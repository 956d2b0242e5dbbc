from __future__ import annotations

import argparse

import pytest

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.errors import ConfigError


def parse(*argv: str, model=PipelineConfig, config=None):
    parser = argparse.ArgumentParser()
    add_options(parser, model)
    return options_from(parser.parse_args(argv), model, config)


def test_without_flags_every_option_keeps_its_default():
    assert parse() == PipelineConfig()
    assert parse(model=ReplayConfig) == ReplayConfig()


def test_flags_are_typed_as_the_options_are():
    config = parse(
        "--tracking.max-lost", "7", "--no-track", "--attention.mass", "0.5", "--method", "kmeans"
    )
    assert (config.tracking.max_lost, config.track) == (7, False)
    assert config.options_of("attention").mass == 0.5
    assert config.method == "kmeans"


def test_a_flag_wins_over_the_config_file(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("kmeans:\n  clusters: 4\nclustering.seed: 2\n")
    config = parse("--kmeans.clusters", "6", config=path)
    assert (config.options_of("kmeans").clusters, config.clustering.seed) == (6, 2)


def test_a_value_out_of_bounds_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"kmeans\.clusters = 1"):
        parse("--kmeans.clusters", "1")


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    text = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in text for name in option_fields(PipelineConfig))


def test_config_file_of_the_node_is_accepted(tmp_path):
    path = tmp_path / "node.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n    sync_slop: 0.03\n    color_topic: a\n    track: false\n"
    )
    assert not parse(config=path).track
    path.write_text("sync_slp: 0.03\n")
    with pytest.raises(ConfigError, match="sync_slp: unknown"):
        parse(config=path)
