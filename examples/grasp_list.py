"""List a grasp from above for each object, from the detections of the node `segmenter`.

ros2 launch scenerep_ros kinect.launch.py       # with vision_msgs installed; target_frame: base_link
python examples/grasp_list.py --ros-args -p max_opening:=0.08

The grasps are published as geometry_msgs/PoseArray on ~/grasps, nearest first: the z axis of a pose is
the approach of the gripper, its x axis the direction in which the gripper closes.
"""

import sys
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

FINGER_DEPTH_M = 0.02
"""Distance of the fingertips below the top of an object [m]."""


class Grasp(NamedTuple):
    """Grasp of a box from above: id of the object, position and axes of the gripper, opening [m]."""

    object_id: str
    position: np.ndarray
    rotation: np.ndarray
    opening: float


def grasp_of_box(
    object_id: str, center: np.ndarray, rotation: np.ndarray, size: np.ndarray, max_opening: float
) -> Grasp | None:
    """Grasp a box across its narrower horizontal side.

    Args:
        object_id: id of the object.
        center: center of the box (3,) [m].
        rotation: (3, 3), axes of the box in its columns; the third one points up.
        size: lengths of the box along its axes (3,) [m].
        max_opening: opening of the gripper [m].

    Returns:
        The grasp, or None if the box is wider than the gripper opens.
    """
    side = int(np.argmin(size[:2]))
    if size[side] > max_opening:
        return None
    closing, up = rotation[:, side], rotation[:, 2]
    depth = min(FINGER_DEPTH_M, float(size[2]) / 2)
    axes = np.stack([closing, np.cross(-up, closing), -up], axis=1)
    return Grasp(object_id, center + up * (size[2] / 2 - depth), axes, float(size[side]))


def grasps_of_detections(detections, max_opening: float) -> list[Grasp]:
    """Return the grasps of a vision_msgs/Detection3DArray, nearest to the origin first."""
    grasps = []
    for detection in detections.detections:
        pose, size = detection.bbox.center, detection.bbox.size
        q, p = pose.orientation, pose.position
        grasp = grasp_of_box(
            detection.id,
            np.array([p.x, p.y, p.z]),
            Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix(),
            np.array([size.x, size.y, size.z]),
            max_opening,
        )
        if grasp is not None:
            grasps.append(grasp)
    return sorted(grasps, key=lambda grasp: float(np.linalg.norm(grasp.position)))


def main() -> None:
    """Run the node until it is interrupted."""
    import rclpy
    from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion
    from rclpy.executors import ExternalShutdownException
    from rclpy.node import Node
    from vision_msgs.msg import Detection3DArray

    class GraspList(Node):
        """Node that publishes and prints the grasps of each frame."""

        def __init__(self) -> None:
            super().__init__("grasp_list")
            self._max_opening = self.declare_parameter("max_opening", 0.08).value
            self._publisher = self.create_publisher(PoseArray, "~/grasps", 1)
            topic = "segmenter/detections_3d"
            self.create_subscription(Detection3DArray, topic, self._on_detections, 1)

        def _on_detections(self, detections: Detection3DArray) -> None:
            grasps = grasps_of_detections(detections, self._max_opening)
            self._publisher.publish(PoseArray(header=detections.header, poses=map(pose, grasps)))
            for grasp in grasps:
                x, y, z = grasp.position
                print(
                    f"object {grasp.object_id}: {x:.3f} {y:.3f} {z:.3f} m, opening {grasp.opening:.3f} m"
                )

    def pose(grasp: Grasp) -> Pose:
        position, quaternion = grasp.position, Rotation.from_matrix(grasp.rotation).as_quat()
        return Pose(
            position=Point(**dict(zip("xyz", position.tolist(), strict=True))),
            orientation=Quaternion(**dict(zip("xyzw", quaternion.tolist(), strict=True))),
        )

    rclpy.init(args=sys.argv)
    try:
        rclpy.spin(GraspList())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
