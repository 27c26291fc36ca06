"""Pictures of faces that are held before a camera: on paper, flat or bent, and on screens with their frames."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.figures import Room, Thing
from device.virtual.scene.heads import Head
from device.virtual.scene.motion import Pose
from device.virtual.scene.rooms import backdrop
from device.virtual.scene.surfaces import Canvas, Surface, Texture, draw, opaque, projected

_COLUMNS, _ROWS = 24, 16
_PAPER = (238, 236, 230)
_MARGIN = 0.08
"""White around a print, as a share of its height."""
_SCREENS = {Thing.PHONE: (480, 854), Thing.PHONE_LANDSCAPE: (854, 480), Thing.MONITOR: (860, 540)}
"""Pixels across and down of what a screen shows."""
_BEZELS = {Thing.PHONE: 28, Thing.PHONE_LANDSCAPE: 28, Thing.MONITOR: 16}
_GLOW = 1.12
"""A screen is brighter than paper in a room."""
_BLACK = 14
"""What a screen's black shines with."""


def is_screen(thing: Thing) -> bool:
    """Whether a thing shows what may move, and shines by itself."""
    return thing in _SCREENS


def printed(image: Image) -> tuple[Texture, float]:
    """A photograph on paper: less contrast, a white border. Its height is the second value times the photograph's."""
    height = image.shape[0]
    margin = round(_MARGIN * height)
    sheet = cv2.copyMakeBorder(_on_paper(image), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=_PAPER)
    return opaque(np.asarray(sheet, np.uint8)), sheet.shape[0] / height


@lru_cache(maxsize=8)
def cut_along(head: Head) -> tuple[Texture, float]:
    """The same without what is around the person."""
    return Texture(np.dstack([_on_paper(head.image), head.texture.rgba[:, :, 3]])), 1.0


@lru_cache(maxsize=8)
def screen(thing: Thing, head: Head, yaw: float) -> tuple[Texture, float]:
    """A screen with a recording of a person elsewhere, who has turned by `yaw`, and its height as with `printed`."""
    width, height = _SCREENS[thing]
    bezel = _BEZELS[thing]
    shown = _recorded(width, height, head, yaw)
    glowing = np.clip(_BLACK + shown * np.float32(_GLOW * (255 - _BLACK) / 255), 0, 255).astype(np.uint8)
    framed = cv2.copyMakeBorder(glowing, bezel, bezel, bezel, bezel, cv2.BORDER_CONSTANT, value=(22, 22, 24))
    outline = np.zeros(framed.shape[:2], np.uint8)
    _rounded(outline, 24 if thing is not Thing.MONITOR else 6)
    return Texture(np.dstack([framed, outline]).astype(np.uint8)), framed.shape[0] / _height_in(width, height, head)


def sheet(texture: Texture, size: tuple[float, float], bend_deg: float = 0.0) -> Surface:
    """A sheet of that width and height, flat, or bent around a vertical axis so that its middle is nearest."""
    width, height = size
    across, down = np.linspace(-0.5, 0.5, _COLUMNS + 1), np.linspace(-0.5, 0.5, _ROWS + 1)
    right, below = (part.ravel() for part in np.meshgrid(across, down))
    shares = np.column_stack([right, below]) + 0.5
    if bend_deg < 1.0:
        points = np.column_stack([right * width, below * height, np.zeros(right.size)])
    else:
        radius = width / math.radians(bend_deg)
        angles = right * math.radians(bend_deg)
        points = np.column_stack([radius * np.sin(angles), below * height, radius * (1 - np.cos(angles))])
    return Surface(points, _grid(), shares, texture)


@lru_cache(maxsize=1)
def _grid() -> NDArray[np.int32]:
    rows, columns = (part.ravel() for part in np.mgrid[0:_ROWS, 0:_COLUMNS])
    a = rows * (_COLUMNS + 1) + columns
    b, c, d = a + 1, a + _COLUMNS + 2, a + _COLUMNS + 1
    return np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])]).astype(np.int32)


def _on_paper(image: Image) -> Image:
    return np.asarray(28 + image * np.float32(0.78), np.uint8)


def _recorded(width: int, height: int, head: Head, yaw: float) -> Image:
    """A frame of a recording: a person in an office."""
    canvas = _office(width, height).copy()
    size = _height_in(width, height, head) / head.image.shape[0]
    seen = projected(head.turned(Pose(yaw=yaw)) * size, (width / 2, height / 2))
    draw(canvas, head.surface, seen, light=1.0, blur_px=0.0)
    return np.clip(canvas, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _office(width: int, height: int) -> Canvas:
    """The middle of an office, float32 [height, width, 3]; not to be changed."""
    office = backdrop(Room.OFFICE)
    scale = max(width / office.shape[1], height / office.shape[0])
    large = cv2.resize(office, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    left, top = (large.shape[1] - width) // 2, (large.shape[0] - height) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width], np.float32)


def _height_in(width: int, height: int, head: Head) -> float:
    """How high the person's photograph would be on a screen: it fits, and fills it one way."""
    rows, columns = head.image.shape[:2]
    return float(min(height, width * rows / columns))


def _rounded(outline: NDArray[np.uint8], radius: int) -> None:
    height, width = outline.shape
    cv2.rectangle(outline, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(outline, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius):
        for y in (radius, height - radius):
            cv2.circle(outline, (x, y), radius, 255, -1, cv2.LINE_AA)
