"""Hints for mistyped names."""

from __future__ import annotations

from scenerep_ros.errors import suggest_names


def test_suggest_names_of_a_typo_returns_the_similar_name():
    assert suggest_names("atention", ["kmeans", "attention"]) == "did you mean attention?"


def test_suggest_names_of_an_unknown_name_lists_valid_names():
    assert suggest_names("zzz", ["kmeans", "attention"]) == "known names: attention, kmeans"


def test_suggest_names_limits_the_list_of_valid_names():
    hint = suggest_names("zzz", [f"name{index:02d}" for index in range(30)])
    assert hint.endswith("name19")
