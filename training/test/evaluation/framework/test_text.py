from __future__ import annotations

from scenerep_training.evaluation.framework.text import format_run, format_table

RUN = {
    "tables": [{"title": "mean over samples", "rows": {"all": {"iou": 0.25, "count": 12.5}}}],
    "published": [{"name": "TokenCut", "source": "CVPR 2022", "metrics": {"iou": 71.2}}],
    "failures": [{"name": "b", "reason": "b.jpg: is damaged"}],
    "samples": 3,
}


def test_format_table_aligns_columns_and_marks_undefined():
    lines = format_table("mean", {"a": {"iou": 0.5}, "all": {"iou": None, "count": 12.0}}).split(
        "\n"
    )
    assert [line.split() for line in lines] == [
        ["mean", "iou", "count"],
        ["a", "0.500", "-"],
        ["all", "-", "12.00"],
    ]
    assert len({len(line) for line in lines}) == 1


def test_format_run_lists_published_results_beside_measured_ones():
    lines = format_run(RUN).split("\n")
    (published,) = [line for line in lines if line.startswith("TokenCut (CVPR 2022)")]
    (measured,) = [line for line in lines if line.startswith("this run")]
    assert published.split()[-1] == "71.20"
    assert measured.split()[-1] == "25.00"


def test_format_run_counts_and_names_failures():
    text = format_run(RUN)
    assert "failed: b: b.jpg: is damaged" in text
    assert text.endswith("3 samples, 1 could not be read")
