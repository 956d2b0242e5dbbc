"""Session of the real nodes: `replay` feeds a recording to `segmenter`, each in its own process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scenerep_ros.config.fields import changed_options
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.report import RunReport
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.monitoring.replay_report import ReplayReport
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.ros.tools.node_process import (
    POLL_PERIOD_S,
    NodeProcess,
    node_process,
    wait_for,
)
from scenerep_ros.ros.tools.segmenter_client import SegmenterClient
from scenerep_ros.ros.transport.domain import free_domain
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.options import DEFAULTS, SourceOptions

START_TIMEOUT_S = 180.0
"""Time for the segmenter to load its weights and become active [s]."""
SETTLE_TIMEOUT_S = 180.0
"""Time for the segmenter to process the last frames after the replay's exit [s]."""

Handlers = Mapping[str, Callable[[Any], None]]
"""Functions called with each message of an output of `segmenter`, by the output's name."""


def run_session(
    source: str,
    options: Mapping[str, object],
    handlers: Handlers,
    log_folder: Path,
    max_frames: int = 0,
    choice: SourceOptions = DEFAULTS,
) -> RunReport:
    """Replay a recording into the segmenter in lockstep, and account for every frame.

    The replay is over when its process has exited and its report file is read. The session is over
    when the segmenter, which repeats its status, has settled. No single message is essential.

    Args:
        source: path of the recording.
        options: parameters of `segmenter` that differ from their defaults.
        handlers: functions called in another thread. Other outputs are not subscribed.
        log_folder: folder of segmenter.log, replay.log and replay.json.
        max_frames: number of frames after which the replay stops; 0: all.
        choice: camera of the recording, and slop of its stamps.

    Raises:
        ScenerepError: if a node fails, or a wait times out.
    """
    log_folder.mkdir(parents=True, exist_ok=True)
    use_private_network()
    with ExitStack() as stack:
        stack.enter_context(ros_context())
        client = SegmenterClient(handlers)
        stack.enter_context(spinning(client))
        parameters = {**topics_without_data(open_source(source, choice)), **options}
        segmenter = stack.enter_context(node_process("segmenter", parameters, log_folder))
        wait_for(
            client.is_ready,
            segmenter,
            START_TIMEOUT_S,
            "the segmenter to become active",
            client.describe_progress,
        )
        replay = _replay_config(source, max_frames, choice, log_folder / "replay.json")
        published = _replay(replay, log_folder, segmenter, client).published
        client.start_settling(published)
        results = f"the results of all {published} published frames"
        wait_for(client.is_settled, segmenter, SETTLE_TIMEOUT_S, results, client.describe_progress)
        client.raise_handler_error()
        return client.report(published)


def topics_without_data(source: Source) -> dict[str, str]:
    """Return parameters that disable the segmenter's topics for which a recording has no data."""
    frame = next(iter(source), None)
    is_missing = {
        "depth_topic": frame is not None and frame.depth is None,
        "camera_info_topic": frame is not None and frame.intrinsics is None,
    }
    return {name: "" for name, missing in is_missing.items() if missing}


def use_private_network() -> None:
    """Isolate the session from other nodes; settings of the user are kept."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if "ROS_DOMAIN_ID" not in os.environ:
        os.environ["ROS_DOMAIN_ID"] = str(free_domain())


def _replay_config(
    source: str, max_frames: int, choice: SourceOptions, report_file: Path
) -> ReplayConfig:
    """Return the parameters of a replay in lockstep."""
    return ReplayConfig(
        source=str(Path(source).absolute()),
        rate=0.0,
        max_frames=max_frames,
        camera=choice.camera,
        sync_slop=choice.sync_slop_ns * 1e-9,
        report_file=str(report_file.absolute()),
    )


def _replay(
    config: ReplayConfig,
    log_folder: Path,
    segmenter: NodeProcess,
    client: SegmenterClient,
) -> ReplayReport:
    """Run the replay until its process exits, and read its report file."""
    report_file = Path(config.report_file)
    report_file.unlink(missing_ok=True)  # of an earlier session
    parameters = changed_options(config)
    with node_process("replay", parameters, log_folder) as replay:
        while replay.exit_code is None:
            segmenter.raise_if_exited()
            client.raise_handler_error()
            time.sleep(POLL_PERIOD_S)
        if replay.exit_code != 0:
            replay.raise_if_exited()
    return ReplayReport.read(report_file)
