"""Folder of the results of a run, which may hold those of an earlier run."""

from __future__ import annotations

import logging
from pathlib import Path

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import temporary_pattern

log = logging.getLogger(__name__)

REPORT_NAME = "report.json"
VIDEO_NAME = "overlay.mp4"
RESULT_FOLDERS = {"labels": ".png", "attention": ".png", "clouds": ".ply"}
"""Folders of one file a frame, and the suffix of the files."""


def prepare_results(folder: Path, overwrite: bool = False) -> None:
    """Remove the results of an earlier run, so that the folder holds those of one run only.

    A folder whose report is missing is left unchanged, because its files may be those of the user.

    Args:
        folder: folder of the results; it may not exist.
        overwrite: whether results without a report are removed, too.

    Raises:
        ScenerepError: if the folder has results without a report, or cannot be changed.
    """
    files = [path for path in (folder / REPORT_NAME, folder / VIDEO_NAME) if path.is_file()]
    for name, suffix in RESULT_FOLDERS.items():
        files += sorted((folder / name).glob(f"*{suffix}"))
    for name in (REPORT_NAME, VIDEO_NAME):  # unfinished files of a run that was killed
        files += sorted(folder.glob(temporary_pattern(name)))
    if not files:
        return
    if not overwrite and not (folder / REPORT_NAME).is_file():
        raise ScenerepError(
            f"{folder}: holds {files[0].relative_to(folder)} and no {REPORT_NAME} of a complete run; "
            "choose another folder, or pass --overwrite"
        )
    try:
        for path in files:
            path.unlink()
    except OSError as error:
        raise ScenerepError(f"cannot replace {path}: {error.strerror}; check the folder") from error
    log.info("%s: removed %d files of an earlier run", folder, len(files))
