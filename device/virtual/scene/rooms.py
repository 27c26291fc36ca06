"""What is behind the figures: a plain wall, or a hall with things in it that a door can know again."""

import functools

import cv2
import numpy as np

from device.virtual.figures import Room
from device.virtual.scene.surfaces import Canvas

WIDTH, HEIGHT = 640, 480

_BOOKS = ((120, 50, 46), (52, 78, 110), (70, 96, 64))
_NOTES = ((236, 232, 220), (200, 214, 236), (240, 226, 160))
_BINDERS = ((62, 90, 120), (150, 60, 50), (190, 170, 90))


@functools.cache
def backdrop(room: Room) -> Canvas:
    """The room without anyone in it, float32 [480, 640, 3]; not to be changed."""
    match room:
        case Room.WALL:
            picture = _wall()
        case Room.HALL:
            picture = _hall()
        case Room.OFFICE:
            picture = _office()
    picture.setflags(write=False)
    return picture


def _wall() -> Canvas:
    shade = np.linspace(150, 110, HEIGHT, dtype=np.float32)[:, None, None]
    return np.broadcast_to(shade * np.array([1.0, 0.98, 0.94], np.float32), (HEIGHT, WIDTH, 3)).copy()


def _hall() -> Canvas:
    """A corridor's end: glass door with bars, notice board, brick beside it, a plant, tiles on the floor."""
    picture = _grain(_wall() * np.float32(1.1), 3.0, 0)
    for row, y in enumerate(range(0, 400, 20)):
        cv2.line(picture, (0, y), (150, y), (96, 90, 84), 1, cv2.LINE_AA)
        for x in range(20 * (row % 2), 150, 40):
            cv2.line(picture, (x, y), (x, y + 20), (96, 90, 84), 1, cv2.LINE_AA)
    _box(picture, (470, 40, 620, 400), (92, 70, 52), (60, 44, 32))
    _box(picture, (484, 56, 606, 250), (170, 188, 196), (60, 44, 32))
    for x in (514, 545, 576):
        cv2.line(picture, (x, 56), (x, 250), (70, 54, 40), 3, cv2.LINE_AA)
    cv2.line(picture, (484, 150), (606, 150), (70, 54, 40), 3, cv2.LINE_AA)
    cv2.circle(picture, (486, 300), 7, (200, 190, 150), -1, cv2.LINE_AA)
    _box(picture, (190, 50, 430, 190), (168, 140, 100), (70, 50, 36))
    notes = ((205, 64, 262, 130), (275, 60, 330, 110), (345, 70, 415, 120), (280, 122, 340, 180), (352, 132, 412, 182))
    for number, note in enumerate(notes):
        _box(picture, note, _NOTES[number % 3], (120, 110, 100))
        for y in range(note[1] + 10, note[3] - 6, 8):
            cv2.line(picture, (note[0] + 6, y), (note[2] - 8, y), (90, 90, 96), 1, cv2.LINE_AA)
    _box(picture, (182, 246, 292, 262), (120, 92, 64), (70, 50, 36))
    for number, x in enumerate(range(186, 286, 12)):
        _box(picture, (x, 200 + number * 5 % 17, x + 11, 246), _BOOKS[number % 3])
    _floor(picture, 400)
    return np.clip(picture, 0, 255)


def _office() -> Canvas:
    """Another place, where a recording was made: blinds, shelves, a lamp."""
    picture = _grain(np.full((HEIGHT, WIDTH, 3), (128, 136, 142), np.float32), 3.0, 1)
    for y in range(30, 260, 11):
        cv2.line(picture, (20, y), (220, y), (186, 192, 196), 6)
    for y in (90, 190, 290):
        _box(picture, (440, y, 630, y + 12), (110, 84, 58), (70, 54, 40))
        for number, x in enumerate(range(446, 620, 17)):
            _box(picture, (x, y - 60 + number * 7 % 23, x + 15, y), _BINDERS[number % 3])
    cv2.circle(picture, (330, 40), 34, (232, 226, 206), -1, cv2.LINE_AA)
    _floor(picture, 420)
    return np.clip(picture, 0, 255)


def _box(
    picture: Canvas,
    corners: tuple[int, int, int, int],
    color: tuple[int, int, int],
    edge: tuple[int, int, int] = (60, 56, 52),
) -> None:
    left, top, right, bottom = corners
    cv2.rectangle(picture, (left, top), (right, bottom), color, -1)
    cv2.rectangle(picture, (left, top), (right, bottom), edge, 2, cv2.LINE_AA)


def _floor(picture: Canvas, top: int) -> None:
    picture[top:] = (118, 112, 104)
    for x in range(-900, 1600, 90):
        cv2.line(picture, (320 + (x - 320) // 3, top), (x, HEIGHT), (84, 80, 74), 1, cv2.LINE_AA)
    for y in (top, top + 16, top + 40):
        cv2.line(picture, (0, y), (WIDTH, y), (84, 80, 74), 2, cv2.LINE_AA)


def _grain(picture: Canvas, levels: float, seed: int) -> Canvas:
    """Plaster: what a wall has besides its color."""
    rough = np.random.default_rng(seed).normal(0.0, 1.0, (HEIGHT // 4, WIDTH // 4)).astype(np.float32)
    smooth = cv2.resize(cv2.GaussianBlur(rough, (0, 0), 1.0), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(picture + levels * 3.5 * smooth[:, :, None], np.float32)
