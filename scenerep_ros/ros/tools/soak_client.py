"""Client of a segmenter under endurance test: it subscribes, and changes parameters and state."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo

from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.errors import ScenerepError
from scenerep_ros.ros.transport.output_publishers import available_output_topics, output_qos

SERVICE_TIMEOUT_S = 60.0
TARGET_FRAME = "soak"
"""Fixed frame of the poses of the objects."""


class SoakClient(Node):
    """Subscribes to all outputs of the segmenter, and changes its parameters and its state."""

    def __init__(self) -> None:
        super().__init__("soak")
        topics = available_output_topics()
        self.received = dict.fromkeys(topics, 0)
        self._types = {name: topic.message_type for name, topic in topics.items()}
        self._subscriptions_by_name: dict[str, Any] = {}
        self._parameter_client = AsyncParameterClient(self, "/segmenter")
        self._state_client: Any = self.create_client(ChangeState, "/segmenter/change_state")
        self.is_tf_published = True
        if has_tf():
            self._create_tf()
        self._create_subscriptions()

    def subscribe(self) -> None:
        """Subscribe to all outputs."""
        self._execute(self._create_subscriptions)

    def unsubscribe(self) -> None:
        """Unsubscribe from all outputs."""
        self._execute(self._destroy_subscriptions)

    def _execute(self, work: Callable[[], None]) -> None:
        """Call a function in the executor's thread, which waits for the subscriptions' handles."""
        assert self.executor is not None
        _result(self.executor.create_task(work), "subscribe")

    def _create_subscriptions(self) -> None:
        for name, message_type in self._types.items():
            if name not in self._subscriptions_by_name:
                self._subscriptions_by_name[name] = self.create_subscription(
                    message_type,
                    f"/segmenter/{name}",
                    lambda _, n=name: self._count(n),
                    output_qos(),
                )

    def _destroy_subscriptions(self) -> None:
        while self._subscriptions_by_name:
            self.destroy_subscription(self._subscriptions_by_name.popitem()[1])

    def set_parameter(self, name: str, value: Any) -> None:
        """Set a parameter of the segmenter.

        Raises:
            ScenerepError: if it does not answer, or refuses.
        """
        future = self._parameter_client.set_parameters([Parameter(name, value=value)])
        (result,) = _result(future, f"set {name}").results
        if not result.successful:
            raise ScenerepError(f"the segmenter refused {name} = {value!r}: {result.reason}")

    def change_state(self, *transitions: int) -> None:
        """Request lifecycle transitions of the segmenter.

        Raises:
            ScenerepError: if it does not answer, or a transition fails.
        """
        for transition in transitions:
            request = ChangeState.Request(transition=Transition(id=transition))
            if not _result(self._state_client.call_async(request), "change the state").success:
                raise ScenerepError(f"transition {transition} of the segmenter failed")

    def is_active(self) -> bool:
        """Check that messages arrive."""
        return any(self.received.values())

    def _count(self, name: str) -> None:
        self.received[name] += 1

    def _create_tf(self) -> None:
        """Publish the pose of a moving camera at the stamp of every image."""
        from geometry_msgs.msg import TransformStamped
        from tf2_msgs.msg import TFMessage

        publisher = self.create_publisher(TFMessage, "/tf", 10)

        def publish(info: CameraInfo) -> None:
            if self.is_tf_published:
                transform = TransformStamped(
                    header=info.header, child_frame_id=info.header.frame_id
                )
                transform.header.frame_id = TARGET_FRAME
                transform.transform.translation.x = time.monotonic() % 1.0
                publisher.publish(TFMessage(transforms=[transform]))

        topic = ReplayConfig().camera_info_topic
        self.create_subscription(CameraInfo, topic, publish, qos_profile_sensor_data)


def has_tf() -> bool:
    """Check that tf2 is installed, which the option target_frame needs."""
    return all(map(find_spec, ("tf2_ros", "tf2_msgs")))


def _result(future: Future, purpose: str) -> Any:
    deadline_s = time.monotonic() + SERVICE_TIMEOUT_S
    while not future.done():
        if time.monotonic() > deadline_s:
            raise ScenerepError(
                f"no answer to: {purpose}, within {SERVICE_TIMEOUT_S:g} s; see its log"
            )
        time.sleep(0.01)
    return future.result()
