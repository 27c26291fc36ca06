"""What the cameras see while no one is at a door: every 10 s a picture of each goes through the detector, no further.

Beside the looks of `looking`, which rest then: no mesh, no embedding. A detector that fails is a trouble before the
next badge comes; what it found is for whatever learns how the scene looks without a person.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from device.at_work import at_work
from device.errors import LintelError
from device.failures import in_words
from device.records import Frame, Image
from device.vision.detector import Detection

EVERY_S = 10.0
LATE_S = 60.0
"""A glance that takes longer hangs, seconds."""
LEAST_PX = 3
"""Of fewer pixels no detail is measured."""
END_S = 0.5
"""How long the end waits for a detector that hangs."""


@runtime_checkable
class Glanced(Protocol):
    """A camera that is looked through without taking its frames from a reader."""

    def glance(self) -> Frame | None:
        """The newest frame; None while it is read or in trouble."""


class Finder(Protocol):
    """What finds faces. One thread at a time uses it."""

    def detect(self, image: Image) -> Sequence[Detection]:
        """The faces in an RGB image."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one picture showed while no one was at the door."""

    camera: str
    frame: Frame
    faces: Sequence[Detection]


@dataclass(frozen=True, slots=True)
class Sight:
    """How bright a picture is, mean of 0 to 255, and how much detail it has: variance of its Laplacian."""

    light: float
    sharpness: float


def sight_of(image: Image) -> Sight:
    """Of an RGB image, every second pixel."""
    gray = image[::2, ::2].astype(np.float32).mean(axis=2)
    if min(gray.shape) < LEAST_PX:
        return Sight(float(gray.mean()), 0.0)
    around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
    return Sight(float(gray.mean()), float((around - 4 * gray[1:-1, 1:-1]).var()))


class IdleWatch:
    """Glances through each camera in a thread of its own."""

    def __init__(
        self,
        cameras: Mapping[str, Glanced],
        load: Callable[[], Finder],
        *,
        saw: Callable[[Glance], None] = lambda _glance: None,
        every_s: float = EVERY_S,
    ) -> None:
        """Begins at once. `load` makes the detector, and is tried again after a `LintelError`. `saw` takes each glance,
        in that thread.
        """
        self._cameras = dict(cameras)
        self._load = load
        self._saw = saw
        self._every_s = every_s
        self._finder: Finder | None = None
        self._trouble = ""
        self._sights: dict[str, Sight] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="idle", daemon=True)
        self._thread.start()

    def trouble(self) -> str:
        """What went wrong with the last pictures, one sentence; a missing model is reported by who looks with it."""
        return self._trouble

    def sight(self, camera: str) -> "Sight | None":
        """What the last picture of a camera was like; None before the first."""
        return self._sights.get(camera)

    def close(self) -> None:
        """Ends it; harmless when repeated."""
        self._closing.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        while not self._closing.wait(self._every_s):
            with at_work(LATE_S):
                self.look()

    def look(self) -> None:
        """One glance through each camera."""
        found = [self._failure(name, camera) for name, camera in self._cameras.items()]
        if any(failure is not None for failure in found):
            self._trouble = next(filter(None, found), "")

    def _failure(self, name: str, camera: Glanced) -> str | None:
        """Why a picture could not be looked at, "" if it was; None if there was none to look at."""
        try:
            finder = self._loaded()
            frame = camera.glance() if finder else None
            if finder is None or frame is None:
                return None
            self._sights[name] = sight_of(frame.image)
            self._saw(Glance(name, frame, tuple(finder.detect(frame.image))))
        except Exception as error:  # whatever a library comes up with, the next picture may do
            return f"The detector failed on a picture of the camera {name}: {in_words(error)}."
        return ""

    def _loaded(self) -> Finder | None:
        if self._finder is None:
            with suppress(LintelError):
                self._finder = self._load()
        return self._finder
