"""Enrolls a person at a door whose service runs: the operators' verb `enroll`, between control and the door's parts.

The service has the camera and the reader, so it is asked. It looks with an analyzer of its own, in the thread of the
request, and stands back while somebody with a badge is at that door: nothing here can keep a door waiting.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from device.control.desk import Caller
from device.control.messages import Alive, Code, Enroll, Enrolled, InTheWay, LeftOut, Paused, Progress, Requested
from device.control.protocol import ProtocolError
from device.credentials import format_badge, parse_badge
from device.enrollment import Enrollment, EnrollmentReport, GuidedCapture, Rejection, guidance_for
from device.errors import DoorError
from device.looking import reporting
from device.policy.guidance import Asked, Hindered, Said
from device.ports import Camera, Clock
from device.presented import ALIVE_S, ReadersOfDoor, presented, refuse_gone
from device.records import Frame, Person, Reason
from device.store.store import Store
from device.vision.faces import FaceAnalyzer, look_of
from device.vision.quality.limits import Purpose


@dataclass(frozen=True, slots=True)
class EnrollmentPlace:
    """A door at which people can be enrolled."""

    camera: Camera
    is_busy: Callable[[], bool]
    """Whether somebody with a badge is there, who goes first."""
    load_analyzer: Callable[[], FaceAnalyzer]
    """Raises `ModelError`."""
    readers: ReadersOfDoor
    """Those at its way in."""
    turn: threading.Lock = field(default_factory=threading.Lock)


class GuidedEnrollments:
    """What the verb `enroll` is answered with."""

    def __init__(self, places: Mapping[str, EnrollmentPlace], store: Store, clock: Clock) -> None:
        """`places` are the doors by their names."""
        self._places = places
        self._store = store
        self._clock = clock

    def progress(self, request: Enroll, caller: Caller) -> Iterator[Progress]:
        """What is said until the person is enrolled. Nothing is stored before the last part.

        Raises `LintelError`: for an unknown door, one where another enrollment is under way, a caller who has gone, and
        whatever an enrollment can raise.
        """
        name, place = self._named(request.door)
        if not place.turn.acquire(blocking=False):
            raise ProtocolError(
                f"Another enrollment is under way at door {name}.", hint="Wait for its end.", code=Code.BUSY
            )
        try:
            yield from self._guided(name, request, caller)
        finally:
            place.turn.release()

    def _named(self, door: str | None) -> tuple[str, EnrollmentPlace]:
        hint = f"Name one with --at: {', '.join(self._places)}."
        if door is None and len(self._places) == 1:
            return next(iter(self._places.items()))
        if door is None:
            raise DoorError("There are several doors.", hint=hint)
        if door not in self._places:
            raise DoorError(f"There is no door {door!r} at which a face is seen.", hint=hint)
        return door, self._places[door]

    def _guided(self, name: str, request: Enroll, caller: Caller) -> Iterator[Progress]:
        place = self._places[name]
        credential = (
            parse_badge(request.badge)
            if request.badge is not None
            else (yield from presented(place.readers, place.readers.names, self._clock, caller))
        )
        analyzer = place.load_analyzer()
        enrollment = Enrollment(self._store, analyzer, self._clock)
        enrollment.holder(credential, request.name)
        guidance = guidance_for(analyzer, request.pictures, self._clock.monotonic())
        yielding = _Yielding(place, self._clock)
        look = look_of(analyzer, largest_face=False, purpose=Purpose.REFERENCE)
        look = reporting(look, place.camera, analyzer)
        capture = GuidedCapture(yielding, look, guidance, self._clock, place=f"door {name}")
        yield from self._said(capture, yielding, caller)
        yield enrolled(enrollment.enroll_good(credential, request.name, capture.good()))

    def _said(self, capture: GuidedCapture, yielding: "_Yielding", caller: Caller) -> Iterator[Progress]:
        """What is said to the person, that the enrollment is paused, and, when nothing is, that it goes on."""
        was_paused, last_at = False, self._clock.monotonic()
        for said in capture.said():
            refuse_gone(caller)
            parts = [message_of(said)] if said is not None else []
            if yielding.is_paused and not was_paused:
                parts = [Paused()]
            elif not parts and self._clock.monotonic() - last_at >= ALIVE_S:
                parts = [Alive()]
            if parts:
                last_at = self._clock.monotonic()
            was_paused = yielding.is_paused
            yield from parts


class _Yielding:
    """`Camera` that gives no frame while somebody with a badge is at the door, so that the door misses none."""

    def __init__(self, place: EnrollmentPlace, clock: Clock) -> None:
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


def message_of(said: Said) -> Progress:
    """What is said, for the socket."""
    match said:
        case Asked(kept, wanted, pose):
            return Requested(kept, wanted, pose.name.lower(), pose.value)
        case Hindered(reason):
            return InTheWay(reason.code, f"{reason.meaning} {reason.advice}")


def enrolled(report: EnrollmentReport) -> Enrolled:
    """What was done, for the socket."""
    rejected = tuple(LeftOut(one.label, one.reason.code, one.advice) for one in report.rejected)
    badge = format_badge(report.credential)
    return Enrolled(report.person.id, report.person.name, badge, report.accepted, rejected, report.suspended)


def report_of(enrolled: Enrolled) -> EnrollmentReport:
    """The same at the other end."""
    rejected = tuple(Rejection(one.label, Reason.from_code(one.reason), one.advice) for one in enrolled.rejected)
    person = Person(enrolled.person_id, enrolled.person)
    return EnrollmentReport(person, parse_badge(enrolled.badge), enrolled.accepted, rejected, enrolled.suspended)
