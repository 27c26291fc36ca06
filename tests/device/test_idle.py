"""While no one is at the door a picture of each camera goes through the detector now and then, and no further."""

import threading
from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pytest

from device.errors import ModelError
from device.idle import Glance, IdleWatch
from device.records import Frame, Image
from device.settings.tables import VisionSettings
from device.vision.detector import Detection
from device.vision.faces import load_detector
from tests.waiting import PATIENCE_S

NEVER_S = 3600.0


class Camera:
    """Gives one frame, or none."""

    def __init__(self, image: Image | None) -> None:
        self.frame = None if image is None else Frame(image, 1.0)
        self.glances = 0
        self.glanced = threading.Event()

    def glance(self) -> Frame | None:
        self.glances += 1
        self.glanced.set()
        return self.frame


class Blind:
    """Finds no face, or fails."""

    def __init__(self) -> None:
        self.fails = False

    def detect(self, image: Image) -> Sequence[Detection]:
        if self.fails:
            raise RuntimeError(f"a runtime's own words on {image.shape}")
        return ()


def gray() -> Image:
    return np.full((120, 160, 3), 120, np.uint8)


@pytest.fixture
def seen() -> list[Glance]:
    return []


def watch(seen: list[Glance], cameras: dict[str, Camera], finder: Blind) -> "closing[IdleWatch]":
    return closing(IdleWatch(cameras, lambda: finder, saw=seen.append, every_s=NEVER_S))


def test_each_camera_is_glanced_through(seen: list[Glance]) -> None:
    with watch(seen, {"hall": Camera(gray()), "yard": Camera(gray())}, Blind()) as idle:
        idle.look()
    assert [(one.camera, one.faces) for one in seen] == [("hall", ()), ("yard", ())]


def test_face_is_found_by_the_shipped_detector(seen: list[Glance], portraits: dict[str, Image]) -> None:
    camera = Camera(portraits["grace-hopper"])
    with closing(
        IdleWatch({"hall": camera}, lambda: load_detector(VisionSettings()), saw=seen.append, every_s=NEVER_S)
    ) as idle:
        idle.look()
    assert [len(one.faces) for one in seen] == [1]


def test_camera_without_a_frame_is_left_out(seen: list[Glance]) -> None:
    with watch(seen, {"hall": Camera(None), "yard": Camera(gray())}, Blind()) as idle:
        idle.look()
        assert idle.trouble() == ""
    assert [one.camera for one in seen] == ["yard"]


def test_detector_that_fails_is_a_trouble_until_it_works(seen: list[Glance]) -> None:
    finder, camera = Blind(), Camera(gray())
    with watch(seen, {"hall": camera}, finder) as idle:
        finder.fails = True
        idle.look()
        failing = idle.trouble()
        camera.frame, frame = None, camera.frame
        idle.look()
        unknown = idle.trouble()
        finder.fails, camera.frame = False, frame
        idle.look()
        works = idle.trouble()
    assert failing.startswith(
        "The detector failed on a picture of the camera hall: the program failed with RuntimeError"
    )
    assert "own words" not in failing
    assert (unknown, works) == (failing, "")


def test_missing_model_is_not_reported_twice(seen: list[Glance]) -> None:
    """`lintel door status` has it as a trouble of the models."""
    finders: list[Blind] = []

    def load() -> Blind:
        if not finders:
            raise ModelError("There is no model.", hint="Install it.")
        return finders[0]

    with closing(IdleWatch({"hall": Camera(gray())}, load, saw=seen.append, every_s=NEVER_S)) as idle:
        idle.look()
        assert (idle.trouble(), seen) == ("", [])
        finders.append(Blind())
        idle.look()
    assert len(seen) == 1


def test_it_looks_by_itself() -> None:
    camera = Camera(gray())
    with closing(IdleWatch({"hall": camera}, Blind, every_s=0.001)):
        assert camera.glanced.wait(PATIENCE_S)


def test_ten_seconds_pass_between_two_glances() -> None:
    with closing(IdleWatch({}, Blind)) as idle:
        assert idle._every_s == 10.0


def test_it_ends() -> None:
    camera = Camera(gray())
    idle = IdleWatch({"hall": camera}, Blind, every_s=0.001)
    camera.glanced.wait(PATIENCE_S)
    idle.close()
    assert "idle" not in [thread.name for thread in threading.enumerate()]
