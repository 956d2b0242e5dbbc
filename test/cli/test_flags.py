from __future__ import annotations

import argparse

import pytest

from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.config.options import PipelineConfig, ReplayConfig
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
        "--max-clusters", "7", "--no-track", "--attention-mass", "0.5", "--method", "kmeans"
    )
    assert (config.max_clusters, config.track, config.attention_mass) == (7, False, 0.5)
    assert config.method == "kmeans"


def test_a_flag_wins_over_the_config_file(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("clusters: 4\nseed: 2\n")
    config = parse("--clusters", "6", config=path)
    assert (config.clusters, config.seed) == (6, 2)


def test_a_value_out_of_bounds_is_refused_by_name():
    with pytest.raises(ConfigError, match="clusters = 1"):
        parse("--clusters", "1")


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    text = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in text for name in PipelineConfig.model_fields)
