"""Draws what the virtual camera sees: figures before a room, moved, turned, lit, blurred, with a sensor's noise."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.figures import Figure, Place, Room, Thing
from device.virtual.scene.clips import Moving, moment
from device.virtual.scene.heads import Head
from device.virtual.scene.motion import Pose, Prompt, place_at, played_yaw, turn_at, wander
from device.virtual.scene.rooms import HEIGHT, WIDTH, backdrop
from device.virtual.scene.sensor import exposed
from device.virtual.scene.surfaces import Canvas, Texture, draw, projected, rotation
from device.virtual.scene.things import cut_along, is_screen, printed, screen, sheet

_SWAY_PX, _SWAY_HZ, _TILT_DEG = 3.0, 0.4, 1.5
_FEATHER = 0.06
_RESTLESS = Pose(yaw=1.5, pitch=1.5, roll=1.0, x=3.0, y=2.0)
"""How far a person who stands still moves: degrees, and pixels."""
_RESTLESS_HZ, _HAND_HZ = 0.25, 0.9
_TREMBLING_DEG = 1.0
"""How far a picture tilts in the hand for each pixel that it shakes."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Figures and their pictures by name; drawn for any moment."""

    figures: tuple[Figure, ...]
    images: Mapping[str, Image]
    heads: Mapping[str, Head] = field(default_factory=dict)
    """Of those images that have a figure with depth: who stands there in person, or is shown on a screen."""
    clips: Mapping[str, Moving] = field(default_factory=dict)
    room: Room = Room.WALL
    prompts: tuple[Prompt, ...] = ()
    """What was asked for since the scene began."""
    seed: int = 0
    """How people react and hands shake."""
    _prints: dict[str, tuple[Texture, float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def draw(self, elapsed_s: float, seed: int) -> Image:
        """The camera's picture `elapsed_s` after the scene began, RGB uint8 [480, 640, 3]; alike for the same seed."""
        canvas = backdrop(self.room).copy()
        for number, figure in enumerate(self.figures):
            self._draw_figure(canvas, figure, elapsed_s, self.seed * 100 + number)
        return exposed(canvas, seed)

    def _draw_figure(self, canvas: Canvas, figure: Figure, elapsed_s: float, seed: int) -> None:
        match figure.thing:
            case Thing.PORTRAIT:
                _draw_portrait(canvas, figure, self.images[figure.image], elapsed_s)
            case Thing.PERSON:
                yaw = turn_at(figure, elapsed_s, self.prompts, seed)
                _draw_person(canvas, figure, self.heads[figure.image], _moved(elapsed_s, seed, yaw), elapsed_s)
            case Thing.CLIP:
                clip = self.clips[figure.image]
                canvas[:] = clip.at(moment(figure, elapsed_s, self.prompts, clip.lasts_s)) * np.float32(figure.light)
            case _:
                yaw = turn_at(figure, elapsed_s, self.prompts, seed)
                _draw_held(canvas, figure, self._shown(figure, elapsed_s, seed), _held(figure, elapsed_s, seed, yaw))

    def _shown(self, figure: Figure, elapsed_s: float, seed: int) -> tuple[Texture, float, Place]:
        """What is held up, how high it is for a photograph of height 1, and where."""
        place = place_at(figure, elapsed_s)
        if figure.thing is Thing.CUT_OUT:
            return (*cut_along(self.heads[figure.image]), place)
        if not is_screen(figure.thing):
            if figure.image not in self._prints:
                self._prints[figure.image] = printed(self.images[figure.image])
            return (*self._prints[figure.image], place)
        yaw = played_yaw(elapsed_s, seed) if figure.plays == "turning" else 0.0
        return (*screen(figure.thing, self.heads[figure.image], yaw), place)


def _moved(elapsed_s: float, seed: int, yaw: float) -> Pose:
    """A person who stands there, and may have turned the head."""
    little = wander(elapsed_s, seed, _RESTLESS_HZ)
    return Pose(
        yaw + little.yaw * _RESTLESS.yaw,
        little.pitch * _RESTLESS.pitch,
        little.roll * _RESTLESS.roll,
        little.x * _RESTLESS.x,
        little.y * _RESTLESS.y,
    )


def _held(figure: Figure, elapsed_s: float, seed: int, yaw: float) -> Pose:
    """Something in a hand that shakes."""
    shake, tilt = figure.shake_px, figure.shake_px * _TREMBLING_DEG
    little = wander(elapsed_s, seed, _HAND_HZ)
    return Pose(
        yaw + little.yaw * tilt, little.pitch * tilt, little.roll * tilt / 2, little.x * shake, little.y * shake
    )


def _draw_person(canvas: Canvas, figure: Figure, head: Head, pose: Pose, elapsed_s: float) -> None:
    place = place_at(figure, elapsed_s)
    turned = head.turned(Pose(pose.yaw, pose.pitch, pose.roll)) * (place.size * HEIGHT / head.image.shape[0])
    seen = projected(turned, (place.x * WIDTH + pose.x, place.y * HEIGHT + pose.y))
    draw(canvas, head.surface, seen, light=figure.light, blur_px=figure.blur_px)


def _draw_held(canvas: Canvas, figure: Figure, shown: tuple[Texture, float, Place], pose: Pose) -> None:
    texture, times, place = shown
    height = place.size * HEIGHT * times
    width = height * texture.rgba.shape[1] / texture.rgba.shape[0]
    surface = sheet(texture, (width, height), figure.bend_deg if figure.thing is Thing.BENT_PRINT else 0.0)
    turned = surface.points @ rotation(pose).T
    light = 1.0 if is_screen(figure.thing) else figure.light * max(0.3, math.cos(math.radians(pose.yaw)))
    seen = projected(turned, (place.x * WIDTH + pose.x, place.y * HEIGHT + pose.y))
    draw(canvas, surface, seen, light=light, blur_px=figure.blur_px)


def _draw_portrait(canvas: Canvas, figure: Figure, image: Image, elapsed_s: float) -> None:
    transform = _transform(image, place_at(figure, elapsed_s), elapsed_s)
    scale = math.hypot(transform[0, 0], transform[1, 0])
    lit = image.astype(np.float32) * np.float32(figure.light)
    sigma = math.hypot(figure.blur_px, max(0.0, 0.5 / scale - 0.5))
    if sigma > 0:
        lit = cv2.GaussianBlur(lit, (0, 0), sigma).astype(np.float32)
    seen = cv2.warpAffine(lit, transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(_soft_edges(image.shape[:2]), transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    canvas += (seen - canvas) * mask[:, :, None]


def _transform(image: Image, place: Place, elapsed_s: float) -> NDArray[np.float64]:
    """From the picture to the frame: sized, placed, and swaying a little like a standing person."""
    height, width = image.shape[:2]
    phase = 2 * math.pi * _SWAY_HZ * elapsed_s
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), _TILT_DEG * math.sin(phase), place.size * HEIGHT / height)
    matrix[0, 2] += place.x * WIDTH + _SWAY_PX * math.sin(0.7 * phase) - width / 2
    matrix[1, 2] += place.y * HEIGHT + _SWAY_PX * math.cos(phase) - height / 2
    return np.asarray(matrix, np.float64)


def _soft_edges(shape: tuple[int, int]) -> NDArray[np.float32]:
    """1 inside, falling to 0 towards the borders, so that a figure does not look like a picture on a wall."""
    ramps = [np.minimum(np.arange(n) + 1, np.arange(n)[::-1] + 1) / (_FEATHER * n) for n in shape]
    return np.minimum(np.minimum.outer(ramps[0], ramps[1]), 1.0).astype(np.float32)
