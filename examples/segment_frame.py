"""Segment the first frame of a recording and save its overlay.

python examples/segment_frame.py test/data/tabletop --picture overlay.png
"""

import argparse
from pathlib import Path

from scenerep_ros import Pipeline, PipelineConfig, open_source
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.render import draw_overlay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", help="TUM folder, bag, image folder or video")
    parser.add_argument("--picture", type=Path, default=Path("overlay.png"))
    args = parser.parse_args()

    # A pipeline keeps ids stable from frame to frame, so use one for a whole recording.
    pipeline = Pipeline(PipelineConfig(min_area=0.002))
    frame = next(iter(open_source(args.recording)))
    scene = pipeline(frame)

    # scene.labels is (H, W) uint16: 0 background, 65535 unlabelled, else the id of an object.
    for item in scene.objects:
        print(f"object {item.id}: {item.area} px, box {item.box} (u, v, width, height)")
    write_image(args.picture, draw_overlay(frame.color, scene.labels))
    print(f"overlay written to {args.picture}")


if __name__ == "__main__":
    main()
