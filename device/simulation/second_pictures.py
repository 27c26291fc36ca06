"""A second picture of a person of whom there is one photograph: rendered, so that no one is verified with the picture
they were enrolled with.

It is not a photograph: the head is turned by 12 degrees, lit from the side by a warmer light, before an office, and
seen by a camera with another curve and with noise. Tests and demonstrations may use it, claims about accuracy may not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.figures import Room
from device.virtual.scene import Head
from device.virtual.scene.motion import Pose
from device.virtual.scene.rooms import backdrop
from device.virtual.scene.surfaces import draw, projected

TURN_DEG, RAISED_DEG, TILT_DEG = 12.0, 7.0, 4.0
"""How the head is turned to the person's left, raised, and tilted."""
_SIDE = 0.5
"""By how much the light falls off from one side of the face to the other."""
_WARMTH = np.array((1.06, 1.0, 0.88), np.float32)
_GAMMA = 0.75
_CONTRAST = 0.35
"""How much of an S-curve the camera has."""
_BLUR_PX, _NOISE_LEVELS = 1.5, 5.0


def second_picture(head: Head) -> Image:
    """RGB uint8, as large as the person's photograph; alike each time."""
    height, width = head.image.shape[:2]
    canvas = np.ascontiguousarray(cv2.resize(backdrop(Room.OFFICE), (width, height)), np.float32)
    seen = projected(head.turned(Pose(yaw=TURN_DEG, pitch=-RAISED_DEG, roll=TILT_DEG)), (width / 2, height / 2))
    draw(canvas, head.surface, seen, light=1.0, blur_px=_BLUR_PX)
    return _photographed(canvas * _light(width))


def _light(width: int) -> NDArray[np.float32]:
    """From the left, float32 [1, width, 3]."""
    falling = np.linspace(1.0, 1.0 - _SIDE, width, dtype=np.float32)
    return np.asarray(falling[None, :, None] * _WARMTH, np.float32)


def _photographed(canvas: NDArray[np.float32]) -> Image:
    light = np.clip(canvas / 255, 0, 1) ** np.float32(_GAMMA)
    curved = light + _CONTRAST * (light * light * (3 - 2 * light) - light)
    noise = np.random.default_rng(12).standard_normal(canvas.shape, np.float32) * np.float32(_NOISE_LEVELS)
    return np.asarray(np.clip(curved * 255 + noise, 0, 255), np.uint8)
