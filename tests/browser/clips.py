"""What a fake webcam shows: a head of the portraits in the public domain that turns, comes near and steps back."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from device.records import Image as Pixels
from device.settings.tables import Settings
from device.simulation.casting import head_of
from device.virtual.figures import Room
from device.virtual.scene import Head
from device.virtual.scene.motion import Pose
from device.virtual.scene.rooms import backdrop
from device.virtual.scene.surfaces import draw, projected
from device.vision.faces import load_analyzer

PORTRAITS = Path(__file__).parents[2] / "models" / "portraits"
WIDTH, HEIGHT = 640, 480
FACE_PX = 150.0
HELD_FRAMES = 20
LOOKS = ((0.0, 1.0), (14.0, 1.0), (0.0, 1.0), (-14.0, 1.0), (11.0, 1.35), (-11.0, 0.72))
"""Yaw to the person's left in degrees, and size: all that guided enrollment asks for, over and over."""


def webcam_clip(path: Path, name: str = "grace-hopper") -> Path:
    """Writes the clip as Motion JPEG, and returns its path; Chromium shows it over and over."""
    with Image.open(PORTRAITS / f"{name}.jpg") as portrait:
        head = head_of(np.asarray(portrait.convert("RGB")), load_analyzer(Settings().vision))
    looks = [(yaw + number * 0.1, size) for yaw, size in LOOKS for number in range(HELD_FRAMES)]
    path.write_bytes(b"".join(_jpeg(_drawn(head, yaw, size)) for yaw, size in looks))
    return path


def _drawn(head: Head, yaw: float, size: float) -> Pixels:
    """The head before an office, its face in the middle."""
    canvas = np.ascontiguousarray(cv2.resize(backdrop(Room.OFFICE), (WIDTH, HEIGHT)), np.float32)
    scale = FACE_PX * size / float(np.ptp(head.points[:, 1]))
    height, width = head.image.shape[:2]
    middle = scale * (head.points.mean(axis=0) - (width / 2, height / 2))
    seen = projected(scale * head.turned(Pose(yaw=yaw)), (WIDTH / 2 - middle[0], HEIGHT / 2 - middle[1]))
    draw(canvas, head.surface, seen, light=1.0, blur_px=0.6)
    return np.asarray(np.clip(canvas, 0, 255), np.uint8)


def _jpeg(picture: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=90)
    return out.getvalue()
