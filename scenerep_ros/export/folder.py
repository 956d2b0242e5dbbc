"""Folder of the exports in the cache, and the exports in it that were accepted."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from scenerep_ros.backbones.runtimes.graph import read_graph
from scenerep_ros.backbones.runtimes.loading import network_checksum
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.cache import cache_folder

log = logging.getLogger(__name__)

PARITY_NAME = "parity.json"
"""Report of the comparison with fp32 torch, beside an exported graph."""


def export_folder(backbone: str, precision: str, format_: str) -> Path:
    """Return the folder in the cache to which a network is exported unless another one is named."""
    return cache_folder() / "exports" / f"{backbone.split('.')[0]}-{precision}-{format_}"


def accepted_exports(options: BackboneOptions) -> Iterator[Path]:
    """Yield the exports in the cache that have the network of the options and an accepted parity.

    Args:
        options: network and weights.
    """
    folders = sorted((cache_folder() / "exports").glob("*/"))
    if not folders:
        return
    try:
        checksum = network_checksum(options)
    except ScenerepError as error:  # no weights, which the caller reports where it needs them
        log.info("exports of %s: left out (%s)", options.backbone, error)
        return
    for folder in folders:
        try:
            card = read_graph(folder).card
            is_same = (card.architecture, card.weights_sha256) == (options.backbone, checksum)
            if is_same and _is_accepted(folder / PARITY_NAME):
                yield folder
        except (ScenerepError, OSError, ValueError) as error:
            log.info("%s: left out (%s)", folder, error)


def _is_accepted(report: Path) -> bool:
    """Return True if a parity report is above today's floors."""
    from scenerep_ros.export.parity import Parity  # it needs the pipeline, which needs this module

    values = json.loads(report.read_text())
    names = [field.name for field in fields(Parity)]
    missing = set(names) - set(values)
    if missing:
        raise ValueError(f"{report} lacks {', '.join(sorted(missing))}")
    return not Parity(**{name: values[name] for name in names}).problems()
