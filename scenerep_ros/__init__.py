"""Label-free scene segmentation for RGB-D cameras on ROS 2.

Data flows one way: source, backbone, segmenter, tracker, sink. `scenerep_ros.pipeline.Pipeline`
takes one frame the whole way; everything in `scenerep_ros.ros` only converts, calls it and publishes.
"""

__version__ = "0.1.0"
