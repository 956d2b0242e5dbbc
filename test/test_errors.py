from __future__ import annotations

from scenerep_ros.errors import nearest_names


def test_near_names_come_first_else_all_are_listed():
    assert nearest_names("atention", ["kmeans", "attention"]) == "did you mean attention?"
    assert nearest_names("zzz", ["kmeans", "attention"]) == "known names: attention, kmeans"
