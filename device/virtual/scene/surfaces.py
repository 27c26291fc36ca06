"""Surfaces of triangles with a picture on them, drawn as a camera sees them: what is nearer covers what is behind."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.scene.motion import Pose

FOCAL_PX = 600.0
"""Of the camera, for a picture of 640 pixels across: 56 degrees, as webcams and the Pi's camera have about."""

_FRACTION_BITS = 4
Points = NDArray[np.float64]
Canvas = NDArray[np.float32]


class Texture:
    """A picture, RGB and its opacity, uint8 [h, w, 4], that can be drawn small without skipping pixels."""

    def __init__(self, rgba: NDArray[np.uint8]) -> None:
        self.rgba = rgba
        self._shrunk: dict[int, NDArray[np.uint8]] = {}

    def at(self, scale: float) -> NDArray[np.uint8]:
        """The picture, halved as often as is needed so that drawing it at `scale` skips no pixel."""
        halvings = max(0, math.floor(-math.log2(max(scale, 1 / 64)) + 0.5))
        if halvings not in self._shrunk:
            height, width = self.rgba.shape[:2]
            size = max(1, width >> halvings), max(1, height >> halvings)
            self._shrunk[halvings] = np.asarray(cv2.resize(self.rgba, size, interpolation=cv2.INTER_AREA), np.uint8)
        return self._shrunk[halvings]


def opaque(image: Image) -> Texture:
    """A picture without holes."""
    return Texture(np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]))


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles, int32 [m, 3], of points float64 [n, 3] (right, down, away; their own unit), a picture, and where each
    point is in it: float64 [n, 2] as shares of its width and height.
    """

    points: Points = field(repr=False)
    triangles: NDArray[np.int32] = field(repr=False)
    shares: Points = field(repr=False)
    texture: Texture = field(repr=False)


def rotation(pose: Pose) -> Points:
    """The rotation, float64 [3, 3], to be applied from the left to columns (right, down, away)."""
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    around_y = np.array([[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]])
    around_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    around_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    return np.asarray(around_z @ around_x @ around_y, np.float64)


def projected(points: Points, center: tuple[float, float]) -> Points:
    """Where points in pixels at their own distance are seen, float64 [n, 2], perspective included."""
    nearer = 1.0 / np.maximum(1.0 + points[:, 2:] / FOCAL_PX, 0.1)
    return np.asarray(points[:, :2] * nearer + center, np.float64)


def draw(canvas: Canvas, surface: Surface, seen: Points, *, light: float, blur_px: float) -> None:
    """Draws a surface into a canvas, float32 [h, w, 3], in place. `seen`, float64 [n, 2], is where its points are."""
    height, width = canvas.shape[:2]
    margin = 2 + math.ceil(3 * blur_px)
    used = seen[surface.triangles].reshape(-1, 2)
    low = np.maximum(np.floor(used.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(used.max(axis=0)).astype(int) + margin, (width, height))
    if np.any(high - low < 2):
        return
    picture = surface.texture.at(_scale(surface, seen))
    drawn = _drawn(surface, seen - low, picture, high - low)
    if blur_px > 0:
        drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), blur_px), np.float32)
    part = canvas[low[1] : high[1], low[0] : high[0]]
    color, opacity = drawn[:, :, :3], cv2.cvtColor(drawn[:, :, 3], cv2.COLOR_GRAY2RGB)
    part += cv2.multiply(cv2.addWeighted(color, light, part, -1.0, 0.0), opacity)


def _drawn(surface: Surface, seen: Points, picture: NDArray[np.uint8], size: NDArray[np.int64]) -> NDArray[np.float32]:
    """The surface alone, float32 [h, w, 4]; opacity 0..1."""
    corners = seen[surface.triangles]
    front = _area(corners) > 1e-3
    away = surface.points[surface.triangles, 2].mean(axis=1)
    order = np.flatnonzero(front)[np.argsort(-away[front], kind="stable")]
    labels = np.zeros((size[1], size[0]), np.float32)
    fixed = np.round(corners[order] * (1 << _FRACTION_BITS)).astype(np.int32)
    for label, triangle in enumerate(fixed, start=1):
        cv2.fillConvexPoly(labels, triangle, label, shift=_FRACTION_BITS)
    height, width = picture.shape[:2]
    source = surface.shares[surface.triangles[order]] * (width, height) - 0.5
    maps = _looked_up(labels, _affine(corners[order], source))
    pixels = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    inside = cv2.GaussianBlur((labels > 0).astype(np.float32), (3, 3), 0.7)
    pixels[:, :, 3] *= inside * np.float32(1 / 255)
    return pixels


def _area(corners: Points) -> Points:
    """Twice the signed area of triangles [m, 3, 2]; positive where the order of the corners is clockwise as seen."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float64)


def _affine(corners: Points, source: Points) -> NDArray[np.float32]:
    """Each triangle's map, of [m, 3, 2], from the frame into the texture: float32 [m + 1, 6], the first for none."""
    square = np.concatenate([corners, np.ones((*corners.shape[:2], 1))], axis=2)
    maps = np.linalg.solve(square, source).transpose(0, 2, 1).reshape(-1, 6)
    return np.asfortranarray(np.concatenate([np.full((1, 6), 0.0), maps]), np.float32)


def _looked_up(labels: NDArray[np.float32], maps: NDArray[np.float32]) -> tuple[Canvas, Canvas]:
    """Where each pixel comes from: x and y, float32 [h, w]."""
    of = labels.astype(np.int32)
    down, right = np.arange(labels.shape[0], dtype=np.float32)[:, None], np.arange(labels.shape[1], dtype=np.float32)

    def along(by_right: int, by_down: int, start: int) -> Canvas:
        place = np.take(maps[:, by_right], of)
        place *= right
        more = np.take(maps[:, by_down], of)
        more *= down
        place += more
        place += np.take(maps[:, start], of)
        return place

    return along(0, 1, 2), along(3, 4, 5)


def _scale(surface: Surface, seen: Points) -> float:
    """Pixels of the frame for a pixel of the texture, downwards."""
    spread = np.ptp(surface.shares[:, 1]) * surface.texture.rgba.shape[0]
    return float(np.ptp(seen[:, 1]) / max(spread, 1e-6))
