from __future__ import annotations

import cv2
import numpy as np
import pytest

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import aside, write_aside, write_image


def test_a_file_appears_whole_and_nothing_else_is_left(tmp_path):
    write_aside(tmp_path / "a" / "report.json", b"{}")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["report.json"]
    assert (tmp_path / "a" / "report.json").read_bytes() == b"{}"


def test_when_writing_fails_the_older_file_stays(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"older")
    with pytest.raises(ZeroDivisionError), aside(path) as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenerepError, match="cannot write"):
        write_aside(tmp_path / "file" / "x", b"")


@pytest.mark.parametrize(("shape", "dtype"), [((4, 5, 3), np.uint8), ((4, 5), np.uint16)])
def test_an_image_survives_writing(tmp_path, shape, dtype):
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype)
    write_image(tmp_path / "a.png", image)
    read = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert read.dtype == dtype
    assert (read == (image[..., ::-1] if image.ndim == 3 else image)).all()
