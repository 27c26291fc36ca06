"""Judges one face in one picture: measures it, and lists what is wrong, what matters most first."""

from dataclasses import dataclass

import numpy as np

from device.records import Box, Image, Quality, Reason
from device.settings.tables import VisionSettings
from device.vision.detector import Detection
from device.vision.landmarks import Landmarks
from device.vision.quality.covering import edges, eyes_bright, forehead, mouth
from device.vision.quality.light import black_share, contrast, level, side_light, surroundings, white_share
from device.vision.quality.limits import Purpose, Range, limits
from device.vision.quality.pixels import blocks_in, blur, noise_in
from device.vision.quality.plate import plate_of
from device.vision.quality.pose import eyes_open, eyes_px, pose, turn

BACKLIT_BY = 40.0
"""How much brighter its surroundings are, in luma, when a face that is too dark has the light behind it."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with a picture: the reason, the measure that says so, its value, and the range it had to be in."""

    reason: Reason
    measure: str
    value: float
    range: Range
    unit: str


def measure(picture: Image, face: Detection, mesh: Landmarks) -> Quality:
    """All measures of one face in an RGB picture; motion takes two, and is left at 0."""
    plate = plate_of(picture, mesh)
    slopes, (yaw, pitch, roll) = edges(plate), pose(mesh)
    return Quality(
        face_px=float(np.ptp(mesh.points, axis=0).max()),
        brightness=level(plate),
        blur=blur(plate.luma),
        turn=turn(mesh),
        eyes_px=eyes_px(mesh),
        in_view=share_inside(face.box, picture.shape[:2]),
        surroundings=surroundings(picture, face.box),
        white=white_share(plate),
        black=black_share(plate),
        side_light=side_light(plate),
        contrast=contrast(plate),
        noise=noise_in(face.box, picture),
        blocks=blocks_in(face.box, picture),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        mouth=mouth(plate, slopes),
        forehead=forehead(plate),
        eyes_bright=eyes_bright(plate),
        eyes_open=eyes_open(mesh),
        presence=mesh.presence,
        score=face.score,
        margin=margin(face.box, picture.shape[:2]),
    )


def issues(quality: Quality, settings: VisionSettings, purpose: Purpose = Purpose.PROBE) -> tuple[Issue, ...]:
    """What is wrong with a picture of that quality, by the table of limits."""
    found = []
    for limit in limits(settings):
        value, allowed = limit.value_in(quality), limit.range_for(purpose)
        if not allowed.holds(value):
            found.append(Issue(_told_apart(limit.reason, quality), limit.measure, value, allowed, limit.unit))
    return tuple(found)


def share_inside(box: Box, frame: tuple[int, int]) -> float:
    """The share of a box that lies in a frame of (height, width), 0..1."""
    height, width = frame
    across = min(box.left + box.width, width) - max(box.left, 0)
    down = min(box.top + box.height, height) - max(box.top, 0)
    return max(across, 0.0) * max(down, 0.0) / max(box.area, 1e-9)


def margin(box: Box, frame: tuple[int, int]) -> float:
    """Distance of a box to the nearest edge of a frame of (height, width), in widths of the box; below 0 beyond it."""
    height, width = frame
    nearest = min(box.left, box.top, width - box.left - box.width, height - box.top - box.height)
    return nearest / max(box.width, 1e-9)


def _told_apart(reason: Reason, quality: Quality) -> Reason:
    """A face that is too dark before a bright background has the light behind it: more light would not help."""
    backlit = quality.surroundings - quality.brightness >= BACKLIT_BY
    return Reason.FACE_BACKLIT if reason is Reason.FACE_TOO_DARK and backlit else reason
