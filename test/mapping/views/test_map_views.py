"""Free and occupied space by the stored views of a map."""

import numpy as np
from box_world import Cuboid, look_at, make_frame

from scenerep_ros.mapping.views.frame_view import view_frame
from scenerep_ros.mapping.views.map_views import Evidence, MapViews

POINT = np.array([[3.9, 0.0, 1.2]], np.float32)
"""A point 10 cm in front of a wall, which a far view does not resolve."""
NEAR, FAR = look_at((2.5, 0, 1.2), (4, 0, 1.2)), look_at((-0.4, 0, 1.2), (4, 0, 1.2))
SHELF = Cuboid(3, (3.9, 0.0), (0.1, 0.6, 0.6), 0.9)


def evidence(*poses_and_objects):
    """Return the state of the point after views a minute apart."""
    views = MapViews()
    for index, (pose, cuboids) in enumerate(poses_and_objects):
        frame, scene = make_frame(cuboids, pose, 1800 * index)
        views = views.with_view(view_frame(frame, scene, 5.0))
    return views.evidence(POINT)[0]


def test_evidence_of_a_far_view_is_a_surface():
    assert evidence((FAR, [])) == Evidence.OCCUPIED


def test_evidence_changes_with_an_object_that_appears_or_leaves():
    assert evidence((NEAR, []), (FAR, [SHELF])) == Evidence.OCCUPIED
    assert evidence((NEAR, [SHELF]), (NEAR, [])) == Evidence.FREE


def test_evidence_beside_the_image_is_missing():
    assert evidence((look_at((2.5, 0, 1.2), (-4, 0, 1.2)), [])) == Evidence.UNSEEN
