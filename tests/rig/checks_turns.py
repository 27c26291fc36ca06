"""Turns of the head at a real process: heads that are drawn with depth turn when a lamp asks, prints do not."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2

from device.images import read_image
from device.settings.tables import VisionSettings
from device.simulation.casting import head_of
from device.virtual.figures import Figure, Place, Thing
from device.virtual.figures import Room as Behind
from device.virtual.scene import Head, Prompt, Scene, Side
from device.vision.faces import load_analyzer
from device.vision.models import shipped_models_dir
from tests.rig.camera import EILEEN, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_pad import LAMPS, LEFT, RIGHT
from tests.rig.rig import BADGES, Rig, new_rig

CHECKS = Room("pad")
SIDES = {LEFT: Side.LEFT, RIGHT: Side.RIGHT}
EVERY_S = 1 / 15
TURN_S = 2.2
"""There, held, and back."""


@dataclass(frozen=True)
class Film:
    """Pictures of a head, as paths: looking ahead, and on its way to each side and back, one each 15th of a second."""

    ahead: str
    turns: dict[Side, list[str]]


@cache
def _head(who: str) -> Head:
    portrait = read_image(shipped_models_dir() / "portraits" / f"{who}.jpg")
    return head_of(portrait, load_analyzer(VisionSettings()))


def filmed(folder: Path, who: str) -> Film:
    """A head before a hall, drawn."""
    figure = Figure(image=who, thing=Thing.PERSON, end=Place(x=0.5, y=0.6, size=1.1), turns="when-asked")

    def drawn(name: str, prompts: tuple[Prompt, ...], at_s: float) -> str:
        scene = Scene((figure,), {}, {who: _head(who)}, room=Behind.HALL, prompts=prompts)
        path = folder / f"{who}-{name}.png"
        cv2.imwrite(str(path), scene.draw(at_s, 1)[:, :, ::-1])
        return str(path)

    steps = [EVERY_S * number for number in range(round(TURN_S / EVERY_S))]
    turns = {side: [drawn(f"{side.name}-{at_s:.2f}", (Prompt(0.0, side),), at_s) for at_s in steps] for side in Side}
    return Film(drawn("ahead", (), 0.0), turns)


@contextmanager
def turning(rig: Rig, film: Film) -> Iterator[None]:
    """While it lasts, a head turns each time a lamp lights."""
    is_over = threading.Event()

    def watch() -> None:
        lit: set[int] = set()
        while not is_over.wait(0.005):
            now = {pin for pin in SIDES if rig.board.is_released(pin)}
            for pin in now - lit:
                rig.camera.plays(film.turns[SIDES[pin]], EVERY_S)
            lit = now

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.join()


@contextmanager
def door_with_lamps() -> Iterator[Rig]:
    with new_rig() as rig:
        said = rig.settings.read_text()
        rig.settings.write_text(said.replace("[[cameras]]", LAMPS.format(left=LEFT, right=RIGHT) + "[[cameras]]"))
        yield rig


@CHECKS.check(
    "a head that turns when a lamp asks: the holder's, and another's beside a print of the holder",
    "the holder granted within 4 s each time, the other never; turns in the audit",
    Size(small=1, full=10),
)
def turned(times: int) -> Finding:
    figures = Figures()
    with door_with_lamps() as rig:
        own, other = filmed(rig.folder, EILEEN), filmed(rig.folder, GRACE)
        rig.camera.shows_picture(own.ahead)
        rig.start()
        time.sleep(2.0)
        with turning(rig, own):
            granted = [_swiped(rig, own) for _ in range(times)]
        with turning(rig, Film(own.ahead, other.turns)):
            refused = [_swiped(rig, own)[0]]
        turns = rig.lintel("audit", "list").out
    figures.count("grants", sum("GRANTED (match)" in answer for answer, _ in granted), times)
    figures.count("grants of another's head", sum("GRANTED" in answer for answer in refused), 0)
    figures.true("turns in the audit", f"no turn in the audit: {turns}", kept="turn turned" in turns)
    slowest = max(took_s for _, took_s in granted)
    figures.true(f"answered after {slowest:.1f} s", f"answered after {slowest:.1f} s", kept=slowest < 4.0)
    return figures.finding(times)


@CHECKS.check(
    "two tries with a print, then kill -9, then the holder at once",
    "the holder waits 30 s from the second print on, is told so, and then granted",
    Size(full=1),
)
def waits(times: int) -> Finding:
    figures = Figures()
    with door_with_lamps() as rig:
        film = filmed(rig.folder, EILEEN)
        rig.camera.shows_picture(film.ahead)
        rig.start()
        time.sleep(2.0)
        prints = [_swiped(rig, film)[0] for _ in range(2)]
        ended_at = time.monotonic()
        rig.running.kill()
        rig.start()
        time.sleep(3.0)
        with turning(rig, film):
            early = _swiped(rig, film)[0]
            time.sleep(max(0.0, ended_at + 31.0 - time.monotonic()))
            late = _swiped(rig, film)[0]
    figures.count("prints refused", sum("turn-not-made" in answer for answer in prints), 2)
    figures.true("the next try waits", f"the next try: {early}", kept="wait-after-attack" in early)
    figures.true("then it is granted", f"after 31 s: {late}", kept="GRANTED" in late)
    return figures.finding(times)


def _swiped(rig: Rig, film: Film) -> tuple[str, float]:
    """What was answered, and after how long; the reader has forgotten the badge before."""
    time.sleep(4.0)
    rig.camera.shows_picture(film.ahead)
    time.sleep(0.3)
    at, answer = rig.swiped(BADGES[EILEEN], within_s=20.0)
    return answer, time.monotonic() - at
