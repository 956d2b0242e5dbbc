"""Names of image topics: the camera, and the stream of the camera that a topic carries.

Only the last components of a name describe its stream: `/depth_camera/color/image_raw` is the color
stream of the camera `depth_camera`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GENERIC_WORDS = {
    "image", "images", "img", "raw", "rect", "rectified", "data", "info", "camera_info", "compressed",
    "compresseddepth", "sensor", "stream", "video", "points", "hd", "qhd", "sd", "to", "metadata", "map",
}  # fmt: skip
"""Words of a name that say neither which camera nor which stream it is."""
COLOR_WORDS = {"color", "colour", "rgb", "bgr", "mono", "gray", "grey"}
REGISTERED_WORDS = {"registered", "aligned"}
DEPTH_WORDS = {"depth", "stereo", "hw"} | REGISTERED_WORDS
OTHER_WORDS = {
    "infra", "infrared", "ir", "disparity", "confidence", "thermal", "label", "labels", "mask", "masks",
    "segmentation", "overlay", "heatmap", "attention", "colorized", "colormap", "debug", "amplitude",
    "intensity", "reflectivity", "snr", "texture", "uncertainty", "variance", "noise", "normal", "normals",
    "semantic", "instance",
}  # fmt: skip
SIDE_WORDS = {"left", "right"}
CAMERA_WORDS = {"camera", "cam", "optical", "frame"}
STREAM_WORDS = COLOR_WORDS | DEPTH_WORDS | OTHER_WORDS
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
WORD_OR_NUMBER = re.compile(rf"{WORD.pattern}|\d+")
REGISTRATION = "to"
"""Word between the stream and the one to which it is registered."""
TRANSPORTS = ("/compressedDepth", "/compressed")


@dataclass(frozen=True)
class TopicName:
    """Parts of the name of a topic.

    Attributes:
        camera: components that name the camera.
        words: words, in lower case, that name the stream. A stream that is registered to another one,
            as depth_to_rgb is to rgb, has the word "registered" instead of the other one.
        hints: words in the last component of the camera that may name the stream, as in rgb_front.
    """

    camera: tuple[str, ...]
    words: frozenset[str]
    hints: frozenset[str] = frozenset()

    @property
    def is_depth(self) -> bool:
        """True if the stream is called depth, and no other kind of image."""
        return "depth" in self.words and not self.words & OTHER_WORDS

    @property
    def is_registered(self) -> bool:
        """True if the name states that depth is registered, as depth_to_rgb does."""
        return bool(
            self.words & REGISTERED_WORDS or ("depth" in self.words and self.words & COLOR_WORDS)
        )

    @property
    def is_other(self) -> bool:
        """True if the stream is neither color nor depth, such as infrared or labels."""
        return bool(self.words & OTHER_WORDS)

    @property
    def may_be_other(self) -> bool:
        """True if the stream, or the camera's name, is called like neither color nor depth."""
        return bool((self.words | self.hints) & OTHER_WORDS)

    @property
    def unhinted_camera(self) -> tuple[str, ...]:
        """Components of the camera without its hints: front of rgb_front and depth_front."""
        if not self.hints:
            return self.camera
        words = (word for word in WORD_OR_NUMBER.findall(self.camera[-1]))
        rest = "_".join(word.lower() for word in words if word.lower() not in self.hints)
        return (*self.camera[:-1], rest) if rest else self.camera[:-1]


def parse_topic(topic: str) -> TopicName:
    """Split the name of a topic into camera and stream.

    >>> name = parse_topic("/depth_camera/color/image_raw")
    >>> name.camera, sorted(name.words)
    (('depth_camera',), ['color'])
    """
    components = [part for part in without_transport(topic).split("/") if part]
    words: set[str] = set()
    while components and _is_stream(_words(components[-1]), words):
        words |= _words(components.pop()) - GENERIC_WORDS
    # Some drivers put the stream first: /depth/front_left/image.
    camera = []
    for component in components:
        part = _words(component)
        if part and part <= STREAM_WORDS:
            words |= part
        else:
            camera.append(component)
    hints = _words(camera[-1]) & STREAM_WORDS if camera and not words & STREAM_WORDS else ()
    return TopicName(tuple(camera), frozenset(words), frozenset(hints))


def _is_stream(part: set[str], inner_words: set[str]) -> bool:
    """Return whether a component belongs to the stream, given the words of the components in it."""
    if part <= GENERIC_WORDS | STREAM_WORDS:
        return True
    names_camera = bool(part & (SIDE_WORDS | CAMERA_WORDS)) and part & (SIDE_WORDS | STREAM_WORDS)
    is_known = part <= GENERIC_WORDS | STREAM_WORDS | SIDE_WORDS | CAMERA_WORDS
    return bool(names_camera) and is_known and not inner_words


def without_transport(topic: str) -> str:
    """Return the base topic of an image transport.

    >>> without_transport("/camera/color/image_raw/compressed")
    '/camera/color/image_raw'
    """
    for transport in TRANSPORTS:
        topic = topic.removesuffix(transport)
    return topic


def affinity(first: TopicName, second: TopicName) -> int:
    """Return how surely two topics belong to one camera: 3 (same name) to 0 (different names).

    A camera's name may lack components of another spelling, as in /front/image and
    /camera/front/image, or contain the name of the stream, as in /rgb_front/image.
    """
    if first.camera == second.camera:
        return 3
    if first.unhinted_camera == second.unhinted_camera and first.hints and second.hints:
        return 2
    shorter, longer = sorted((first.camera, second.camera), key=len)
    remaining = iter(longer)
    if not all(component in remaining for component in shorter):
        return 0
    return 2 if shorter else 1


def _words(component: str) -> set[str]:
    """Return the words of a component in lower case, without digits.

    >>> sorted(_words("depth_to_rgb"))
    ['depth', 'registered']
    """
    words = [word.lower() for word in WORD.findall(component)]
    if REGISTRATION in words[1:-1]:
        index = words.index(REGISTRATION, 1)
        if set(words[index + 1 :]) & STREAM_WORDS:
            words = [*words[:index], "registered"]
    return set(words)
