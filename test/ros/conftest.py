"""Segmenter over DDS that the tests of one file share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def ros_context():
    rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def shared_rig(ros_context):
    from segmenter_rig import running_segmenter

    with running_segmenter() as rig:
        yield rig


@pytest.fixture
def rig(shared_rig):
    """The shared node, idle and without subscribers."""
    shared_rig.subscribe()
    shared_rig.wait_for(shared_rig.is_idle)
    return shared_rig
