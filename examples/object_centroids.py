"""Print the centroid of each object, from the labels and the cloud of the node `segmenter`.

ros2 launch scenerep_ros tum.launch.py sequence:=RECORDING
python examples/object_centroids.py
"""

import sys

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image, PointCloud2

BACKGROUND, UNLABELLED = 0, 65535


class ObjectCentroids(Node):
    """Node that joins labels and cloud of the same stamp."""

    def __init__(self) -> None:
        super().__init__("object_centroids")
        self._labels: Image | None = None
        self._cloud: PointCloud2 | None = None
        self.create_subscription(Image, "segmenter/labels", self._on_labels, 5)
        self.create_subscription(PointCloud2, "segmenter/points", self._on_cloud, 5)

    def _on_labels(self, message: Image) -> None:
        self._labels = message
        self._process()

    def _on_cloud(self, message: PointCloud2) -> None:
        self._cloud = message
        self._process()

    def _process(self) -> None:
        """Print the centroids once both messages of a frame are there."""
        labels, cloud = self._labels, self._cloud
        if labels is None or cloud is None or labels.header.stamp != cloud.header.stamp:
            return
        image = np.frombuffer(labels.data, np.uint16)
        points = cloud_points(cloud)
        measured = np.isfinite(points).all(axis=1)
        for label in np.setdiff1d(image, (BACKGROUND, UNLABELLED)):
            own = points[(image == label) & measured]
            if len(own):
                x, y, z = own.mean(axis=0)
                frame = cloud.header.frame_id
                print(f"object {label}: {x:.3f} {y:.3f} {z:.3f} m in {frame}", flush=True)


def cloud_points(cloud: PointCloud2) -> np.ndarray:
    """Return the points (N, 3) float32 [m] of an organized cloud, in the order of the pixels."""
    offsets = {field.name: field.offset for field in cloud.fields}
    layout = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": ["<f4"] * 3,
            "offsets": [offsets[name] for name in ("x", "y", "z")],
            "itemsize": cloud.point_step,
        }
    )
    points = np.frombuffer(cloud.data, layout)
    return np.stack([points["x"], points["y"], points["z"]], axis=1)


def main() -> None:
    rclpy.init(args=sys.argv)
    try:
        rclpy.spin(ObjectCentroids())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
