"""Content of the report page and of report.json."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from run_folders import iou_samples, write_run
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.figures import charts

VOID_TAGS = {"meta", "img", "br", "link", "input", "hr"}
SCRIPT_NAME = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Parsed page; fails if tags do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.open_tags, self.tags, self.ids, self.texts, self.styles = [], [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open_tags == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if self.open_tags and self.open_tags[-1] == "style":
            self.styles += data
        else:
            self.texts.append(data.strip())

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(part for part in self.texts if part)


def write_and_parse(tmp_path, *folders):
    """Write a report; return the parsed page and the content of the JSON file."""
    out = tmp_path / "out" / "report.html"
    assert main(["report", *map(str, folders), "--out", str(out)]) == 0
    return Page(out.read_text()), json.loads(out.with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory):
    """Two runs of one protocol and one of another, with a failure, groups, a plot and markup."""
    root = tmp_path_factory.mktemp("runs")
    low, high = np.linspace(0.1, 0.6, 26), np.linspace(0.2, 0.7, 26)
    one = write_run(
        root / "one", "saliency", iou_samples(low) | {f"{SCRIPT_NAME}/a": {"iou": 0.05}}
    )
    other = write_run(root / "other", "saliency", iou_samples(high) | {"broken": None}, seed=3)
    frames = {}
    for index in range(7):
        frames |= iou_samples(low[:4] + 0.02 * index, f"seq{index}/")
    third = write_run(root / "third", "co3d", frames, pictures=False)
    with charts.new_figure(2, 1) as figure:
        charts.write_png(figure, third / "plots" / "curve.png")
    return write_and_parse(root, one, other, third)


def test_page_is_self_contained(three_runs):
    page, _ = three_runs
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object"}
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:image/"))
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page.styles
    assert "@import" not in page.styles


def test_page_has_unique_ids_and_valid_links(three_runs):
    page, _ = three_runs
    assert len(page.ids) == len(set(page.ids))
    targets = {attributes["href"][1:] for attributes in page.attributes("a")}
    labels = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert targets | labels <= set(page.ids)


def test_page_escapes_sample_names(three_runs):
    page, content = three_runs
    assert page.attributes("script") == []
    assert f"{SCRIPT_NAME}/a" in page.texts
    assert content["runs"][0]["worst"][0] == f"{SCRIPT_NAME}/a"


def test_page_is_accessible(three_runs):
    page, _ = three_runs
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(image["alt"] for image in page.attributes("img"))
    drawn = [svg for svg in page.attributes("svg") if svg.get("role") == "img"]
    assert len(drawn) == len(page.attributes("svg")) >= 3
    assert all(svg["aria-label"] for svg in drawn)
    assert all(head["scope"] in {"col", "row", "rowgroup"} for head in page.attributes("th"))
    assert len(page.attributes("caption")) == len(page.attributes("table"))
    assert page.attributes("html") == [{"lang": "en"}]


def test_page_adapts_to_screen_width_and_color_scheme(three_runs):
    page, _ = three_runs
    (viewport,) = [meta for meta in page.attributes("meta") if meta.get("name") == "viewport"]
    assert "width=device-width" in viewport["content"]
    css = re.sub(r"\s+", " ", page.styles)
    assert re.search(r"\.table \{[^}]*overflow: auto", css)
    assert re.search(r"figure img \{[^}]*max-width: 100%", css)
    assert re.search(r"\.plots > svg[^}]*max-width: 100%", css)
    assert "minmax(min(100%, 34rem), 1fr)" in css
    assert "@media (prefers-color-scheme: dark)" in css
    scrollable = [div for div in page.attributes("div") if "table" in div["class"]]
    assert len(scrollable) == len(page.attributes("table"))


def test_page_shows_published_results(three_runs):
    page, content = three_runs
    assert "TokenCut (Wang et al., CVPR 2022, ECSSD)" in page.texts
    assert "71.2" in page.texts
    assert content["runs"][0]["published"][0]["metrics"]["iou"] == 71.2


def test_page_shows_best_and_worst_samples(three_runs):
    page, content = three_runs
    assert content["runs"][1]["best"] == [f"{index:02d}" for index in range(25, 15, -1)]
    assert content["runs"][1]["worst"] == [f"{index:02d}" for index in range(10)]
    assert page.texts.count("Best by IoU") == page.texts.count("Worst by IoU") == 2
    assert "IoU 70.0 %" in page.texts
    pictures = [image["src"] for image in page.attributes("img")]
    assert sum(source.startswith("data:image/jpeg;base64,/9j/") for source in pictures) == 40


def test_page_shows_difference_with_interval(three_runs):
    page, content = three_runs
    (comparison,) = content["comparisons"]
    (part,) = comparison["differences"]
    assert (comparison["base"], comparison["other"]) == ("one", "other")
    assert part["change"] == pytest.approx(0.1)
    assert part["low"] == pytest.approx(part["high"]) == pytest.approx(0.1)
    assert part["verdict"] == "better"
    assert "+10.0 to +10.0" in page.texts
    assert page.texts.count("+10.0") == 2


def test_page_shows_failures_settings_and_command(three_runs):
    page, content = three_runs
    assert "1 could not be read" in page.texts
    assert "broken" in page.texts
    assert "scenerep-eval saliency --data things --out other" in page.texts
    assert "versions: python" in page.texts
    assert content["runs"][1]["settings"]["seed"] == 3
    assert content["runs"][1]["failures"] == [{"name": "broken", "reason": "broken: is damaged"}]


def test_page_shows_plots_of_run(three_runs):
    page, _ = three_runs
    (plot,) = [image for image in page.attributes("img") if image["alt"] == "curve"]
    assert plot["src"].startswith("data:image/png;base64,")


def test_interval_of_frames_resamples_sequences(three_runs):
    _, content = three_runs
    headline = content["runs"][2]["headline"]
    assert headline["low"] < headline["value"] < headline["high"]
    assert headline["high"] - headline["low"] > 0.05


def test_unfinished_run_is_marked(tmp_path, capsys):
    folder = write_run(tmp_path / "half", "saliency", iou_samples([0.1, 0.2, 0.3]))
    (folder / "run.json").unlink()
    page, content = write_and_parse(tmp_path, folder)
    assert "has not finished: its metrics are of the first 3 samples" in page.text
    assert "3 (unfinished)" in page.texts
    assert content["runs"][0]["tables"][0]["rows"]["all"]["iou"] == pytest.approx(0.2)
    assert "unfinished" in capsys.readouterr().out


def test_run_without_samples_is_reported(tmp_path):
    folder = write_run(tmp_path / "started", "saliency", iou_samples([0.1]))
    for name in ("run.json", "rows.jsonl"):
        (folder / name).unlink()
    page, content = write_and_parse(tmp_path, folder)
    assert "of the first 0 samples" in page.text
    assert content["runs"][0]["headline"]["value"] is None


def test_page_shows_verdict_of_single_training_log(tmp_path):
    log = tmp_path / "metrics.csv"
    log.write_text("step,teacher_entropy,kl\n" + "".join(f"{i},0.01,0.0\n" for i in range(20)))
    argv = ["collapse", "--data", str(log), "--out", str(tmp_path / "run")]
    assert main(argv) == 0
    page, _ = write_and_parse(tmp_path, tmp_path / "run")
    assert "metrics.csv: constant collapse" in page.texts
    (curves,) = page.attributes("img")
    assert curves["alt"] == "metrics.csv"


def test_page_notes_rows_beyond_tables(tmp_path):
    folder = write_run(tmp_path / "more", "saliency", iou_samples([0.1, 0.2]))
    with (folder / "rows.jsonl").open("a") as file:
        file.write('{"name": "9", "group": ".", "metrics": {"iou": null}}\n')
    page, _ = write_and_parse(tmp_path, folder)
    assert "tables are of 2 samples, but 3 have been measured" in page.text


def test_runs_with_equal_folder_names_have_unique_labels(tmp_path):
    folders = [
        write_run(tmp_path / part / "run", "saliency", iou_samples([0.5])) for part in ("a", "b")
    ]
    _, content = write_and_parse(tmp_path, *folders, folders[0])
    assert [run["label"] for run in content["runs"]] == ["a/run", "b/run"]


@pytest.mark.parametrize("content", [None, "{}", '{"protocol": "unknown"}', "["])
def test_folder_without_run_is_an_error(tmp_path, capsys, content):
    folder = tmp_path / "photos"
    folder.mkdir()
    if content is not None:
        (folder / "settings.json").write_text(content)
    assert main(["report", str(folder), "--out", str(tmp_path / "r.html")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"scenerep-eval report: {folder}")
    assert not (tmp_path / "r.html").exists()


def test_page_requires_html_suffix(tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(tmp_path), "--out", "report.pdf"])
    assert stopped.value.code == 2
