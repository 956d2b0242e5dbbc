"""Quality of service that ROS parameters can override."""

from __future__ import annotations

from rclpy.qos import QoSPolicyKind
from rclpy.qos_overriding_options import QoSOverridingOptions


def overridable_qos() -> QoSOverridingOptions:
    """Let the parameters `qos_overrides.TOPIC` set history, depth, reliability and durability.

    Durability is not among the policies that rclpy allows by default.
    """
    return QoSOverridingOptions(
        policy_kinds=(
            QoSPolicyKind.HISTORY,
            QoSPolicyKind.DEPTH,
            QoSPolicyKind.RELIABILITY,
            QoSPolicyKind.DURABILITY,
        )
    )
