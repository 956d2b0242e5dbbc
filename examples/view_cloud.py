"""View a labelled cloud with Open3D, on a screen or as a picture from another side.

scenerep segment test/data/tabletop --out out --clouds --max-frames 1
python examples/view_cloud.py out/clouds/1750000000.000000.ply --picture cloud.png
"""

import argparse
from pathlib import Path

import numpy as np
import open3d as o3d

from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.render import id_colors

WIDTH, HEIGHT, FOCAL_LENGTH = (
    320,
    240,
    262.5,
)  # coarser than the cloud, so that points leave no gaps


def read_cloud(path: Path) -> o3d.t.geometry.PointCloud:
    """Read a cloud and replace its colors by those of the labels."""
    cloud = o3d.t.io.read_point_cloud(str(path))
    labels = cloud.point["label"].numpy().ravel()
    colors = id_colors(labels).astype(np.float32) / 255
    cloud.point["colors"] = o3d.core.Tensor(np.where(labels[:, None] > 0, colors, 0.6))
    return cloud


def render(cloud: o3d.t.geometry.PointCloud, elevation_deg: float) -> np.ndarray:
    """Render a cloud (H, W, 3) uint8 from above its center; this needs neither screen nor GPU."""
    # Rotate the camera about the x axis through the median of the points.
    points = cloud.point["positions"].numpy()
    center = np.median(points[np.isfinite(points).all(axis=1)], axis=0)
    angle = np.radians(elevation_deg)
    rotation = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    extrinsics = np.eye(4)
    extrinsics[:3, :3] = rotation
    extrinsics[:3, 3] = center - rotation @ center
    intrinsics = np.array([[FOCAL_LENGTH, 0, WIDTH / 2], [0, FOCAL_LENGTH, HEIGHT / 2], [0, 0, 1]])
    image = cloud.project_to_rgbd_image(WIDTH, HEIGHT, intrinsics, extrinsics, 1000.0, 10.0)
    return (255 * np.asarray(image.color.to_legacy())).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cloud", type=Path, help="PLY file of `scenerep segment --clouds`")
    parser.add_argument("--picture", type=Path, help="write a picture instead of opening a window")
    parser.add_argument("--elevation", type=float, default=35.0, help="view from above [deg]")
    args = parser.parse_args()

    cloud = read_cloud(args.cloud)
    if args.picture is None:
        o3d.visualization.draw([cloud.to_legacy()])
        return
    write_image(args.picture, render(cloud, args.elevation))
    print(f"picture written to {args.picture}")


if __name__ == "__main__":
    main()
