"""Discovery of the segmenters whose answers release the frames of a replay."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from threading import Event

import rclpy
from camera_listener import ros_node
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from scenerep_ros.errors import ConfigError
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.ros.transport.feedback import Feedback
from scenerep_ros.ros.transport.pacing import wait_until


def segmenter(name, namespace):
    """Create a node with the topics of a segmenter; return it and its publisher of labels."""
    node = rclpy.create_node(name, namespace=namespace)
    node.create_subscription(Image, "/eye", lambda _: None, 10)
    return node, node.create_publisher(Image, "~/labels", 10)


def wait(condition):
    assert wait_until(condition, 20.0, Event())


def test_feedback_waits_for_segmenters_of_all_namespaces():
    with ros_node("replay") as node:
        color = node.create_publisher(Image, "/eye", 10)
        feedback = Feedback(node, "auto", color)
        assert not feedback.subscribe()
        left_node, left = segmenter("eyes", "/robot/left")
        right_node, right = segmenter("segmenter", "/right")
        wait(lambda: feedback.subscribe() and len(feedback.topics) == 2)
        assert sorted(feedback.topics) == ["/right/segmenter/labels", "/robot/left/eyes/labels"]
        wait(lambda: left.get_subscription_count() and right.get_subscription_count())
        answer = Image(header=Header(stamp=stamp_from_ns(5)))
        left.publish(answer)
        assert not feedback.is_answered(5)
        right.publish(answer)
        wait(lambda: feedback.is_answered(5))
        assert not feedback.is_answered(6)
        for segmenter_node in (left_node, right_node):
            segmenter_node.destroy_node()


def test_feedback_named_topic_is_resolved_in_the_namespace():
    with ros_node("other"):
        node = rclpy.create_node("replay", namespace="/robot")
        with spinning(node):
            color = node.create_publisher(Image, "/eye", 10)
            feedback = Feedback(node, "answers", color)
            publisher = node.create_publisher(Image, "/robot/answers", 10)
            wait(feedback.subscribe)
            assert feedback.topics == [publisher.topic_name]
            assert Feedback(node, "", color).topics == []
            with pytest.raises(ConfigError, match="option feedback_topic = 'an answer': "):
                Feedback(node, "an answer", color)


def test_feedback_of_a_dropped_frame_is_the_status():
    """A frame without labels is answered by the next status that counts one more drop."""
    with ros_node("replay") as node:
        color = node.create_publisher(Image, "/eye", 10)
        feedback = Feedback(node, "auto", color)
        segmenter_node, _ = segmenter("eyes", "/robot")
        status = segmenter_node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        wait(feedback.subscribe)
        wait(status.get_subscription_count)
        status.publish(status_message("robot/eyes: segmentation", "active", 3))
        wait(lambda: feedback.is_answered(5))
        feedback.expect_frame()
        status.publish(status_message("other: segmentation", "active", 9))
        status.publish(status_message("robot/eyes: segmentation", "active", 3))
        assert not feedback.is_answered(6)
        status.publish(status_message("robot/eyes: segmentation", "active", 4))
        wait(lambda: feedback.is_answered(6))
        segmenter_node.destroy_node()


def test_feedback_of_an_inactive_segmenter_is_not_awaited():
    with ros_node("replay") as node:
        color = node.create_publisher(Image, "/eye", 10)
        feedback = Feedback(node, "auto", color)
        segmenter_node, _ = segmenter("eyes", "/robot")
        status = segmenter_node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        wait(feedback.subscribe)
        wait(status.get_subscription_count)
        assert not feedback.is_answered(5)
        status.publish(status_message("robot/eyes: segmentation", "inactive", 0))
        wait(lambda: feedback.is_answered(5))
        status.publish(status_message("robot/eyes: segmentation", "active", 0))
        wait(lambda: not feedback.is_answered(5))
        segmenter_node.destroy_node()


def status_message(name, state, dropped):
    pairs = {"state": state, "dropped": str(dropped)}
    values = [KeyValue(key=key, value=value) for key, value in pairs.items()]
    return DiagnosticArray(status=[DiagnosticStatus(name=name, values=values)])
