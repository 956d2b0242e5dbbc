"""The page and the JSON file, as whoever opens them finds them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from run_folders import ious, write_run
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.figures import charts

VOID = {"meta", "img", "br", "link", "input", "hr"}
EVIL = '<script>alert("x")</script>'


class Page(HTMLParser):
    """What the tests want to know of a page; fails where tags do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.texts, self.styles = [], [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.styles += data
        else:
            self.texts.append(data.strip())

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(part for part in self.texts if part)


def report(tmp_path, *folders):
    out = tmp_path / "out" / "report.html"
    assert main(["report", *map(str, folders), "--out", str(out)]) == 0
    return Page(out.read_text()), json.loads(out.with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Two runs of a protocol and one of another; with a failure, groups, plots and bad names."""
    root = tmp_path_factory.mktemp("runs")
    low, high = np.linspace(0.1, 0.6, 26), np.linspace(0.2, 0.7, 26)
    one = write_run(root / "one", "saliency", ious(low) | {f"{EVIL}/a": {"iou": 0.05}})
    other = write_run(root / "other", "saliency", ious(high) | {"broken": None}, seed=3)
    frames = {}
    for index in range(7):
        frames |= ious(low[:4] + 0.02 * index, f"seq{index}/")
    third = write_run(root / "third", "co3d", frames, pictures=False)
    with charts.new_figure(2, 1) as figure:
        charts.write_png(figure, third / "plots" / "curve.png")
    return report(root, one, other, third)


def test_the_page_refers_to_nothing_outside_itself(two_runs):
    page, _ = two_runs
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object"}
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:image/"))
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page.styles
    assert "@import" not in page.styles


def test_ids_are_unique_and_links_lead_somewhere(two_runs):
    page, _ = two_runs
    assert len(page.ids) == len(set(page.ids))
    targets = {attributes["href"][1:] for attributes in page.attributes("a")}
    labels = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert targets | labels <= set(page.ids)


def test_names_are_escaped(two_runs):
    page, figures = two_runs
    assert page.attributes("script") == []
    assert f"{EVIL}/a" in page.texts
    assert figures["runs"][0]["worst"][0] == f"{EVIL}/a"


def test_whoever_does_not_see_the_page_can_read_it(two_runs):
    page, _ = two_runs
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


def test_it_fits_a_phone_and_follows_light_and_dark(two_runs):
    page, _ = two_runs
    (viewport,) = [meta for meta in page.attributes("meta") if meta.get("name") == "viewport"]
    assert "width=device-width" in viewport["content"]
    css = re.sub(r"\s+", " ", page.styles)
    assert re.search(r"\.table \{[^}]*overflow: auto", css)
    assert re.search(r"figure img \{[^}]*max-width: 100%", css)
    assert re.search(r"\.plots > svg[^}]*max-width: 100%", css)
    assert "minmax(min(100%, 34rem), 1fr)" in css
    assert "@media (prefers-color-scheme: dark)" in css
    boxed = [attributes for attributes in page.attributes("div") if "table" in attributes["class"]]
    assert len(boxed) == len(page.attributes("table"))


def test_published_figures_stand_beside_the_measured_ones(two_runs):
    page, figures = two_runs
    assert "TokenCut (Wang et al., CVPR 2022, ECSSD)" in page.texts
    assert "71.2" in page.texts
    assert figures["runs"][0]["published"][0]["figures"]["iou"] == 71.2


def test_best_and_worst_have_their_pictures_and_figures(two_runs):
    page, figures = two_runs
    assert figures["runs"][1]["best"] == [f"{index:02d}" for index in range(25, 15, -1)]
    assert figures["runs"][1]["worst"] == [f"{index:02d}" for index in range(10)]
    assert page.texts.count("Best by IoU") == page.texts.count("Worst by IoU") == 2
    assert "IoU 70.0 %" in page.texts
    pictures = [image["src"] for image in page.attributes("img")]
    assert sum(source.startswith("data:image/jpeg;base64,/9j/") for source in pictures) == 40


def test_the_difference_is_told_with_its_interval(two_runs):
    page, figures = two_runs
    (comparison,) = figures["comparisons"]
    (part,) = comparison["differences"]
    assert (comparison["base"], comparison["other"]) == ("one", "other")
    assert part["change"] == pytest.approx(0.1)
    assert part["low"] == pytest.approx(part["high"]) == pytest.approx(0.1)
    assert part["verdict"] == "better"
    assert "+10.0 to +10.0" in page.texts
    assert page.texts.count("+10.0") == 2


def test_failures_settings_and_commands_are_there(two_runs):
    page, figures = two_runs
    assert "1 could not be read" in page.texts
    assert "broken" in page.texts
    assert "scenerep-eval saliency --data things --out other" in page.texts
    assert "versions: python" in page.texts
    assert figures["runs"][1]["settings"]["seed"] == 3
    assert figures["runs"][1]["failures"] == [{"name": "broken", "reason": "broken: is damaged"}]


def test_plots_that_a_protocol_left_are_shown(two_runs):
    page, _ = two_runs
    (plot,) = [image for image in page.attributes("img") if image["alt"] == "curve"]
    assert plot["src"].startswith("data:image/png;base64,")


def test_intervals_of_frames_are_of_sequences(two_runs):
    _, figures = two_runs
    headline = figures["runs"][2]["headline"]
    assert headline["low"] < headline["value"] < headline["high"]
    assert headline["high"] - headline["low"] > 0.05


def test_a_run_that_has_not_ended_is_reported_as_such(tmp_path, capsys):
    folder = write_run(tmp_path / "half", "saliency", ious([0.1, 0.2, 0.3]))
    (folder / "run.json").unlink()
    page, figures = report(tmp_path, folder)
    assert "has not ended: its figures are of the 3 samples" in page.text
    assert "3 (not ended)" in page.texts
    assert figures["runs"][0]["tables"][0]["rows"]["all"]["iou"] == pytest.approx(0.2)
    assert "not ended" in capsys.readouterr().out


def test_a_run_that_has_only_begun_is_reported_too(tmp_path):
    folder = write_run(tmp_path / "begun", "saliency", ious([0.1]))
    for name in ("run.json", "rows.jsonl"):
        (folder / name).unlink()
    page, figures = report(tmp_path, folder)
    assert "of the 0 samples" in page.text
    assert figures["runs"][0]["headline"]["value"] is None


def test_what_a_single_training_log_shows_is_there(tmp_path):
    log = tmp_path / "metrics.csv"
    log.write_text("step,teacher_entropy,kl\n" + "".join(f"{i},0.01,0.0\n" for i in range(20)))
    argv = ["collapse", "--data", str(log), "--out", str(tmp_path / "run")]
    assert main(argv) == 0
    page, _ = report(tmp_path, tmp_path / "run")
    assert "metrics.csv: constant collapse" in page.texts
    (curves,) = page.attributes("img")
    assert curves["alt"] == "metrics.csv"


def test_rows_beyond_the_tables_are_pointed_out(tmp_path):
    folder = write_run(tmp_path / "more", "saliency", ious([0.1, 0.2]))
    with (folder / "rows.jsonl").open("a") as file:
        file.write('{"name": "9", "group": ".", "figures": {"iou": null}}\n')
    page, _ = report(tmp_path, folder)
    assert "tables are of 2 samples, but 3 have been measured" in page.text


def test_runs_of_one_name_are_told_apart(tmp_path):
    folders = [write_run(tmp_path / part / "run", "saliency", ious([0.5])) for part in ("a", "b")]
    _, figures = report(tmp_path, *folders, folders[0])
    assert [run["label"] for run in figures["runs"]] == ["a/run", "b/run"]


@pytest.mark.parametrize("content", [None, "{}", '{"protocol": "guess"}', "["])
def test_a_folder_that_is_no_run_is_named(tmp_path, capsys, content):
    folder = tmp_path / "holiday"
    folder.mkdir()
    if content is not None:
        (folder / "settings.json").write_text(content)
    assert main(["report", str(folder), "--out", str(tmp_path / "r.html")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"scenerep-eval report: {folder}")
    assert not (tmp_path / "r.html").exists()


def test_the_page_must_be_html(tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(tmp_path), "--out", "report.pdf"])
    assert stopped.value.code == 2
