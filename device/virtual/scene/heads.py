"""A head with depth out of one photograph: the face mesh's points, rings of hair and neck around them, a cut-out.

As a face turns, its points turn around an axis within the neck; the rings follow less and less, and the shoulders stay.
"""

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.scene.motion import Pose
from device.virtual.scene.surfaces import Points, Surface, Texture, rotation

_RIGHT_OF_IT = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377)
_LEFT_OF_IT = (152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
_OVAL = (*_RIGHT_OF_IT, *_LEFT_OF_IT)
"""The points around the face, in MediaPipe's numbering."""
_RINGS = ((1.12, 0.10, 0.97), (1.28, 0.22, 0.8), (1.5, 0.30, 0.5), (1.8, 0.35, 0.2), (2.3, 0.4, 0.0))
"""Around the oval: how many times as far from the middle, how much farther away than the oval in widths of the face,
and how much of a turn it follows.
"""
_AXIS = 0.55
"""How far behind the middle of the mesh's depths the neck is, in widths of the face."""
_BELOW = 1.5
"""How far below the photograph the body goes on, in heights of it."""
_DEEPER = 1.15
"""The mesh sees heads flatter than they are: with its own depths a turn by 30 degrees is measured as 28.5, so as 31
(medians of 18 faces).
"""
_CUT_HEIGHT = 160
"""Pixels at which the person is cut out of the photograph."""


@dataclass(frozen=True, eq=False)
class Head:
    """A person of whom there is one photograph, RGB uint8 [h, w, 3], with the points of the face mesh in it, float32
    [468, 2] in pixels, and their depths, float32 [468], smaller nearer to the camera.
    """

    image: Image = field(repr=False)
    points: NDArray[np.float32] = field(repr=False)
    depths: NDArray[np.float32] = field(repr=False)

    @cached_property
    def texture(self) -> Texture:
        """The photograph with what is not the person left out."""
        opacity = cut_out(self.image, self.points)
        return Texture(np.dstack([self.image, opacity]))

    @cached_property
    def surface(self) -> Surface:
        """In pixels of the photograph from its middle, looking ahead as in the photograph."""
        points, _ = self._grown
        height, width = self.image.shape[:2]
        shares = np.minimum((points[:, :2] + (width / 2, height / 2)) / (width, height), (1.0, 1.0))
        triangles = _triangles(points[:, :2])
        seen = _shows_something(shares[triangles], self.texture.rgba[:, :, 3])
        return Surface(points, triangles[seen], shares, self.texture)

    def turned(self, pose: Pose) -> Points:
        """Where the points of the surface are when the head is turned, float64 [n, 3]."""
        points, follows = self._grown
        pivot = self._pivot
        turned = (points - pivot) @ rotation(pose).T + pivot
        return np.asarray(points + (turned - points) * follows[:, None], np.float64)

    @cached_property
    def _face(self) -> Points:
        height, width = self.image.shape[:2]
        flat = self.points.astype(np.float64) - (width / 2, height / 2)
        return np.column_stack([flat, _DEEPER * self.depths.astype(np.float64)])

    @cached_property
    def _width(self) -> float:
        return float(np.ptp(self._face[:, 0]))

    @cached_property
    def _pivot(self) -> Points:
        oval = self._face[list(_OVAL)]
        (x, y), z = (oval[:, :2].min(axis=0) + oval[:, :2].max(axis=0)) / 2, self._face[:, 2].mean()
        return np.array([x, y + 0.3 * self._width, z + _AXIS * self._width])

    @cached_property
    def _grown(self) -> tuple[Points, Points]:
        """The mesh's points, the rings and the photograph's border, float64 [n, 3]; how much of a turn each follows."""
        height, width = self.image.shape[:2]
        oval = self._face[list(_OVAL)]
        middle = oval.mean(axis=0)
        parts, follows = [self._face], [np.ones(len(self._face))]
        for times, behind, share in _RINGS:
            ring = middle + (oval - middle) * (times, times, 1.0) + (0.0, 0.0, behind * self._width)
            ring = ring[np.all(np.abs(ring[:, :2]) < np.array((width, height)) / 2 - 1, axis=1)]
            parts.append(ring)
            follows.append(np.full(len(ring), share))
        border = _border(width, height, float(middle[2]) + 0.4 * self._width)
        return np.concatenate([*parts, border]), np.concatenate([*follows, _following_border(border, oval)])


def cut_out(image: Image, points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """How opaque a photograph is where it shows the person whose face's points are known: uint8 [h, w], soft."""
    height, width = image.shape[:2]
    scale = _CUT_HEIGHT / height
    small = cv2.resize(image, (max(8, round(width * scale)), _CUT_HEIGHT), interpolation=cv2.INTER_AREA)
    guess = _likely(small.shape[:2], points * scale)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, guess, (0, 0, 0, 0), *models, 3, cv2.GC_INIT_WITH_MASK)
    person = ((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    person = np.asarray(cv2.morphologyEx(cv2.morphologyEx(person, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel))
    soft = cv2.GaussianBlur(cv2.erode(_largest(person), np.ones((3, 3))).astype(np.float32) * 255, (0, 0), 1.0)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32).astype(np.uint8)


def _likely(shape: tuple[int, int], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What is surely, likely and surely not the person, for GrabCut: head, neck and shoulders of common proportions."""
    guess = np.full(shape, cv2.GC_BGD, np.uint8)
    low, high = points.min(axis=0), points.max(axis=0)
    (x, y), (w, h) = (low + high) / 2, high - low
    bottom = shape[0]

    def ellipse(across: float, down: float, up: float, kind: int) -> None:
        axes = round(across * w), round(down * h)
        cv2.ellipse(guess, (round(float(x)), round(float(y - up * h))), axes, 0, 0, 360, kind, -1)

    def shoulders(neck: float, wide: float, kind: int) -> None:
        corners = [(-neck, 0.3), (neck, 0.3), (neck, 0.6), (wide * 0.8, 0.85), (wide, 1.2), (wide, 9), (-wide, 9)]
        corners += [(-wide, 1.2), (-wide * 0.8, 0.85), (-neck, 0.6)]
        outline = [(x + right * w, min(y + down * h, bottom)) for right, down in corners]
        cv2.fillPoly(guess, [np.round(outline).astype(np.int32)], kind)

    ellipse(1.15, 1.15, 0.2, cv2.GC_PR_BGD)
    shoulders(0.6, 1.9, cv2.GC_PR_BGD)
    ellipse(0.75, 0.85, 0.15, cv2.GC_PR_FGD)
    shoulders(0.4, 1.2, cv2.GC_PR_FGD)
    shoulders(0.25, 0.6, cv2.GC_FGD)
    cv2.fillConvexPoly(guess, np.round(points[list(_OVAL)]).astype(np.int32), cv2.GC_FGD)
    return guess


def _largest(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest connected part, without holes; GrabCut was given a face, so that there is one."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], 0, 1, -1)
    return filled


def _shows_something(corners: Points, opacity: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Of triangles [m, 3, 2] in a picture, as shares, those around which anything of it is to be seen."""
    height, width = opacity.shape
    low = np.floor(corners.min(axis=1) * (width, height)).astype(int) - 1
    high = np.ceil(corners.max(axis=1) * (width, height)).astype(int) + 1
    return np.array(
        [bool(opacity[max(y0, 0) : y1, max(x0, 0) : x1].any()) for (x0, y0), (x1, y1) in zip(low, high, strict=True)]
    )


def _border(width: int, height: int, depth: float) -> Points:
    """Points along the border of a picture, from its middle, and below it, where its last row goes on: a body that does
    not end where the photograph does.
    """
    steps = np.linspace(-0.5, 0.5, 7)
    sides = [(s, t) for s in steps for t in steps if 0.5 in (abs(s), abs(t))]
    sides += [(s, 0.5 + _BELOW) for s in steps]
    return np.array([(s * width, t * height, depth) for s, t in sides])


def _following_border(border: Points, oval: Points) -> Points:
    """A photograph that is cut close has hair at its border, which follows a turn somewhat; shoulders do not."""
    middle, half = oval.mean(axis=0), np.ptp(oval, axis=0) / 2
    away = np.hypot(*((border - middle) / half)[:, :2].T)
    return np.asarray(np.clip((2.3 - away) / 1.3, 0.0, 1.0) * (border[:, 1] < middle[1] + half[1]), np.float64)


def _triangles(flat: Points) -> NDArray[np.int32]:
    """Delaunay's triangles of points [n, 2], int32 [m, 3], each clockwise as seen."""
    low, high = flat.min(axis=0) - 2, flat.max(axis=0) + 2
    plan = cv2.Subdiv2D((0, 0, int(high[0] - low[0]) + 4, int(high[1] - low[1]) + 4))
    index_of: dict[int, int] = {}
    for index, point in enumerate(flat - low):
        index_of.setdefault(plan.insert((float(point[0]), float(point[1]))), index)
    placed = {
        (round(float(x), 3), round(float(y), 3)): index_of[vertex]
        for vertex in index_of
        for (x, y), _ in (plan.getVertex(vertex),)
    }
    corners = np.asarray(plan.getTriangleList()).reshape(-1, 3, 2)
    named = [[placed.get((round(float(x), 3), round(float(y), 3)), -1) for x, y in corner] for corner in corners]
    triangles = np.array([triangle for triangle in named if min(triangle) >= 0], np.int32)
    sides = flat[triangles[:, 1:]] - flat[triangles[:, :1]]
    clockwise = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0] > 0
    return np.asarray(np.where(clockwise[:, None], triangles, triangles[:, ::-1]), np.int32)
