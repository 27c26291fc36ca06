"""The renderer: figures before a room, lit, moved and turned, through a camera with noise. All by time and seed."""

from device.virtual.scene.clips import Clip, Live, Moving, is_clip
from device.virtual.scene.drawing import Scene
from device.virtual.scene.heads import Head
from device.virtual.scene.motion import Prompt, Side, place_at
from device.virtual.scene.rooms import HEIGHT, WIDTH
from device.virtual.scene.sensor import NOISE_LEVELS

__all__ = [
    "HEIGHT",
    "NOISE_LEVELS",
    "WIDTH",
    "Clip",
    "Head",
    "Live",
    "Moving",
    "Prompt",
    "Scene",
    "Side",
    "is_clip",
    "place_at",
]
