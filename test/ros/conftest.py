"""A segmenter over DDS, shared by the tests of one file."""

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
    from segmenter_rig import running

    with running() as rig:
        yield rig


@pytest.fixture
def rig(shared_rig):
    """The shared node, idle, with nobody listening."""
    shared_rig.listen()
    shared_rig.wait_for(shared_rig.is_idle)
    return shared_rig
