from __future__ import annotations

import cv2
import numpy as np
from scenerep_training.evaluation.figures import charts

COUNT = 20


def draw_line(values):
    with charts.new_figure(2, 1) as figure:
        figure.subplots().plot(values)
        return charts.svg_text(figure, 'a "line" & more')


def test_series_differ_in_color_or_marker():
    styles = {(charts.color(index), charts.marker(index)) for index in range(COUNT)}
    assert len(styles) == COUNT


def test_series_differ_in_color_or_hatch():
    styles = {(charts.color(index), charts.hatch(index)) for index in range(COUNT)}
    assert len(styles) == COUNT


def test_svg_text_is_reproducible_with_unique_ids_per_figure():
    first, second = draw_line([1, 2]), draw_line([2, 1])
    assert first == draw_line([1, 2])
    ids_of_first, ids_of_second = (
        {part.split('"')[0] for part in text.split('id="')[1:]} for text in (first, second)
    )
    assert ids_of_first
    assert not ids_of_first & ids_of_second


def test_svg_text_escapes_description_and_uses_page_colors():
    text = draw_line([1, 2])
    assert text.startswith('<svg role="img" aria-label="a &#34;line&#34; &amp; more"')
    assert "currentColor" in text
    assert charts.INK not in text


def test_write_png_has_white_background(tmp_path):
    with charts.new_figure(2, 1) as figure:
        figure.subplots().plot([1, 2])
        charts.write_png(figure, tmp_path / "line.png")
    picture = cv2.imread(str(tmp_path / "line.png"))
    assert picture.shape == (charts.PNG_DPI, 2 * charts.PNG_DPI, 3)
    assert (picture[0, 0] == 255).all()
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1
