"""A door at which an operator guides a person before its camera, while its service runs.

Between the door's parts and what is done there (`guided_enrollment`, `guided_recording`), one at a time.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from device.control.messages import Code
from device.control.protocol import ProtocolError
from device.errors import DoorError
from device.pad.looking import CuedLook
from device.ports import Camera, Clock
from device.presented import ReadersOfDoor
from device.records import Frame
from device.vision.faces import FaceAnalyzer


@dataclass(frozen=True, slots=True)
class GuidedPlace:
    """A door at which people are guided."""

    camera: Camera
    is_busy: Callable[[], bool]
    """Whether somebody with a badge is there, who goes first."""
    load_analyzer: Callable[[], FaceAnalyzer]
    """Raises `ModelError`."""
    load_look: Callable[[], CuedLook]
    """With the cues of each frame. Raises `ModelError`."""
    readers: ReadersOfDoor
    """Those at its way in."""
    turn: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def at_door(places: Mapping[str, GuidedPlace], door: str | None) -> Iterator[tuple[str, GuidedPlace]]:
    """The door of that name, or the only one, for one operator alone.

    Raises `DoorError` for an unknown door, `ProtocolError` where another is at work.
    """
    name, place = _named(places, door)
    if not place.turn.acquire(blocking=False):
        raise ProtocolError(
            f"Another enrollment or recording is under way at door {name}.",
            hint="Wait for its end.",
            code=Code.BUSY,
        )
    try:
        yield name, place
    finally:
        place.turn.release()


def _named(places: Mapping[str, GuidedPlace], door: str | None) -> tuple[str, GuidedPlace]:
    hint = f"Name one with --at: {', '.join(places)}."
    if door is None and len(places) == 1:
        return next(iter(places.items()))
    if door is None:
        raise DoorError("There are several doors.", hint=hint)
    if door not in places:
        raise DoorError(f"There is no door {door!r} at which a face is seen.", hint=hint)
    return door, places[door]


class YieldingCamera:
    """`Camera` that gives no frame while somebody with a badge is at the door, so that the door misses none."""

    def __init__(self, place: GuidedPlace, clock: Clock) -> None:
        self._place = place
        self._clock = clock
        self.is_paused = False

    def read(self, timeout_s: float) -> Frame | None:
        """As `Camera.read`."""
        self.is_paused = self._place.is_busy()
        if self.is_paused:
            self._clock.sleep(timeout_s)
            return None
        return self._place.camera.read(timeout_s)

    def trouble(self) -> str:
        """As `Camera.trouble`."""
        return self._place.camera.trouble()

    def close(self) -> None:
        """Nothing: the door keeps its camera."""
