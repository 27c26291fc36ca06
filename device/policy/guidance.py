"""Guides a person through the pictures of an enrollment: a pure state machine of values and a time.

Between what was seen in each frame (`device/vision`) and the references (`device/enrollment.py`). It asks for one pose
after the other, keeps what is good and differs, says at once what is in the way, and ends by itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from device.records import Probe, Reason

LEAST = 3
"""Fewer pictures than this are no enrollment, unless fewer are wanted."""
PAUSE_S = 0.7
"""Between two pictures, so that they differ."""
PATIENCE_S = 4.0
"""How long a pose is waited for; after that any good picture that differs is taken."""
HINDERED_S = 0.6
"""How long something has to be in the way before it is said: one blurred frame is not worth a word."""
AGAIN_S = 5.0
"""How soon the same is said again."""
STAYS_S = 3.0
"""Another person who stays for this long is the one to enroll, unless there are enough pictures already."""
GONE_S = 10.0
"""A person of whom enough pictures are there, and who is not seen for this long, has gone."""
SAME = 0.995
"""Cosine similarity from which on two pictures in the same pose and size are the same picture."""
STRAIGHT_DEGREES = 8.0
TURNED_DEGREES = 8.0
OTHER_POSE_DEGREES = 4.0
OTHER_SIZE = 1.12
"""Ratio of two faces' heights that makes their pictures differ."""


class Pose(Enum):
    """What a person is asked for, in this order; left and right are the person's own."""

    STRAIGHT = "Look straight at the camera."
    LEFT = "Turn your head a little to the left."
    RIGHT = "Turn your head a little to the right."
    NEARER = "Come a little closer."
    FARTHER = "Step back a little."


@dataclass(frozen=True, slots=True)
class Asked:
    """How many pictures are kept, and what is asked for next."""

    kept: int
    wanted: int
    pose: Pose


@dataclass(frozen=True, slots=True)
class Hindered:
    """Why no picture is kept at the moment."""

    reason: Reason


Said = Asked | Hindered


@dataclass(frozen=True, slots=True)
class Guidance:
    """An enrollment's pictures so far. `threshold` is the network's for one pair: another person's face is kept out.

    All times are seconds on the monotonic clock.
    """

    wanted: int
    threshold: float
    began_at: float
    deadline: float
    kept: tuple[Probe, ...] = ()
    good_at: float = -math.inf
    """When a picture of the person was last good enough to be kept."""
    kept_at: float = -math.inf
    reason: Reason | None = None
    """What has been in the way since `reason_since`."""
    reason_since: float = -math.inf
    said: Said | None = None
    said_at: float = -math.inf

    @property
    def pose(self) -> Pose:
        """What is asked for now."""
        poses = list(Pose)
        return poses[len(self.kept) % len(poses)]

    @property
    def least(self) -> int:
        """How many pictures are an enrollment."""
        return min(self.wanted, LEAST)

    @property
    def has_enough(self) -> bool:
        """Whether what is kept is one."""
        return len(self.kept) >= self.least

    def is_over(self, at: float) -> bool:
        """Whether it has all that is wanted, the time is up, or the person has gone after enough pictures."""
        has_gone = self.has_enough and at - max(self.good_at, self.kept_at) >= GONE_S
        return len(self.kept) >= self.wanted or at >= self.deadline or has_gone

    @property
    def request(self) -> Asked:
        """The same in words, with how many pictures there are."""
        return Asked(len(self.kept), self.wanted, self.pose)

    def begun(self) -> "Guidance":
        """With the first request said."""
        return _saying(self, self.request, self.began_at)

    def saw(self, found: Probe | Reason, at: float) -> "Guidance":
        """What it is after a frame that was looked at at that time; `said_at` is `at` if there is something to say."""
        if len(self.kept) >= self.wanted:
            return self
        if isinstance(found, Reason):
            return _hindered(self, found, at)
        if self.kept and not _is_of_one_person(found, self.kept, self.threshold):
            return _other_person(self, found, at)
        seen = replace(self, good_at=at, reason=None)
        if at - self.kept_at >= PAUSE_S and _is_wanted(seen, found, at):
            seen = replace(seen, kept=(*self.kept, found), kept_at=at)
        return seen if len(seen.kept) >= self.wanted else _saying(seen, seen.request, at)


def _is_wanted(guidance: Guidance, probe: Probe, at: float) -> bool:
    """In the pose that is asked for, or, if that does not come, in any other."""
    asked_at = guidance.kept_at if guidance.kept else guidance.began_at
    is_met = _shows(guidance.pose, probe, guidance.kept) or at - asked_at >= PATIENCE_S
    return is_met and all(differ(probe, other) for other in guidance.kept)


def _other_person(guidance: Guidance, probe: Probe, at: float) -> Guidance:
    """Somebody walked by, or was there first: then it begins again with the person who stays.

    Once there are enough pictures, whoever stays is the next in the queue, who would get this person's name and badge.
    """
    hindered = _hindered(guidance, Reason.OUTLIER, at)
    if guidance.has_enough or at - hindered.reason_since < STAYS_S:
        return hindered
    return replace(guidance, kept=(), kept_at=-math.inf, reason=None).saw(probe, at)


def _hindered(guidance: Guidance, reason: Reason, at: float) -> Guidance:
    since = guidance.reason_since if reason is guidance.reason else at
    changed = replace(guidance, reason=reason, reason_since=since)
    return _saying(changed, Hindered(reason), at) if at - since >= HINDERED_S else changed


def _saying(guidance: Guidance, said: Said, at: float) -> Guidance:
    """Says it, unless it was said just now."""
    is_due = said != guidance.said or at - guidance.said_at >= AGAIN_S
    return replace(guidance, said=said, said_at=at) if is_due else guidance


def _shows(pose: Pose, probe: Probe, kept: Sequence[Probe]) -> bool:
    """Whether a picture shows a pose; how near the person is, is relative to the first picture."""
    yaw, first = probe.quality.yaw, kept[0].quality.face_px if kept else 0.0
    match pose:
        case Pose.STRAIGHT:
            return abs(yaw) <= STRAIGHT_DEGREES
        case Pose.LEFT:
            return yaw >= TURNED_DEGREES
        case Pose.RIGHT:
            return yaw <= -TURNED_DEGREES
        case Pose.NEARER:
            return probe.quality.face_px >= OTHER_SIZE * first
        case Pose.FARTHER:
            return OTHER_SIZE * probe.quality.face_px <= first
        case _:
            assert_never(pose)


def differ(one: Probe, other: Probe) -> bool:
    """Whether two pictures of a person are worth keeping both: in another pose, from another distance, or unlike."""
    smaller, larger = sorted((one.quality.face_px, other.quality.face_px))
    return (
        abs(one.quality.yaw - other.quality.yaw) >= OTHER_POSE_DEGREES
        or larger >= OTHER_SIZE * smaller
        or float(one.embedding @ other.embedding) < SAME
    )


def _is_of_one_person(probe: Probe, kept: Sequence[Probe], threshold: float) -> bool:
    return any(float(probe.embedding @ other.embedding) >= threshold for other in kept)
