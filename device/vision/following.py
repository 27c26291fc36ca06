"""Follows one face from frame to frame: the mesh is laid on where its own points were, so that the detector rests.

As in MediaPipe's graph (Kartynnik et al. 2019, arXiv:1907.06724). Between the frames of one camera and `FaceAnalyzer`.
"""

import math

import numpy as np

from device.records import Box, Cues
from device.vision.attack.scene import Scene
from device.vision.detector import Detection, overlap
from device.vision.landmarks import Landmarks

DETECT_EVERY_S = 0.5
"""How often the detector looks at a whole frame while a face is followed: a second person is seen within that time."""
MAX_GAP_S = 0.25
"""Longest time between two frames of a face that is followed: in a longer one it may be half its width away."""
LEAST_OVERLAP = 0.88
"""Least intersection over union of a face's boxes in two frames. One that moves or grows more is detected again: the
mesh bends towards where it expects a face, so that a jump by half a width looks like a step by a tenth. Of such jumps
3.6 % are taken for less than this, 43 % with 0.75, and what is seen then matches others at about twice the target rate.
"""

_RIGHT_EYE, _LEFT_EYE = 33, 263
_WIDTH, _HEIGHT, _DOWN = 1.117, 0.929, 0.055
"""The detector's box, as shares of the mesh's, and how much lower its middle is, as a share of its width: medians over
live clips.
"""


class View:
    """What one camera showed last: the face that is followed, and when the detector last looked for others.

    Times are the frames' own, seconds on the monotonic clock. One thread at a time uses it.
    """

    def __init__(self) -> None:
        self._face: Detection | None = None
        self._seen_at = self._detected_at = -math.inf
        self.motion = 0.0
        """How fast the face moved since the frame before, in its own widths a second; 0 if it was not followed."""
        self.cues: Cues | None = None
        """What the last frame says about a live person; None without one face, or where no one asks."""
        self.scene: Scene | None = None
        """What is known of the empty view, set by who shows the frames."""
        self.embeds_turned = False
        """Whether turned faces are embedded too, set likewise: during a turn that was asked for."""

    def expected(self, at: float) -> Detection | None:
        """Where the face is to be in a frame captured `at`; None if the detector has to look."""
        is_next, is_soon = 0 < at - self._seen_at <= MAX_GAP_S, at - self._detected_at < DETECT_EVERY_S
        return self._face if is_next and is_soon else None

    def followed(self, face: Detection, at: float) -> None:
        """The face was found where it was expected."""
        self.motion = speed(self._face, face, at - self._seen_at) if self._face else 0.0
        self._face, self._seen_at = face, at

    def detected(self, face: Detection, at: float) -> None:
        """The detector looked at the whole frame, and this is the only face."""
        self._detected_at, self._face = at, None
        self.followed(face, at)

    def lost(self) -> None:
        """There is no face to follow."""
        self._face = None
        self.motion = 0.0


def around(landmarks: Landmarks, score: float) -> Detection:
    """The face as the detector would have found it, from the mesh's points; `score` is what it said last."""
    low, high = landmarks.points.min(axis=0), landmarks.points.max(axis=0)
    (x, y), (width, height) = (low + high) / 2, (high - low) * np.array((_WIDTH, _HEIGHT))
    y += _DOWN * width
    box = Box(float(x - width / 2), float(y - height / 2), float(width), float(height))
    return Detection(box, _point(landmarks, _RIGHT_EYE), _point(landmarks, _LEFT_EYE), score)


def is_the_same(before: Detection, now: Detection) -> bool:
    """Whether a face is where it was, and as large."""
    return overlap(before.box, now.box) >= LEAST_OVERLAP


def speed(before: Detection, now: Detection, seconds: float) -> float:
    """How fast the middle of a face moved between two frames, in its own widths a second."""
    (x, y), (was_x, was_y) = now.box.center, before.box.center
    return math.hypot(x - was_x, y - was_y) / max(now.box.width * seconds, 1e-9)


def _point(landmarks: Landmarks, index: int) -> tuple[float, float]:
    x, y = landmarks.points[index]
    return float(x), float(y)
