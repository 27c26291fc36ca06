"""Enrolls a person at a door whose service runs: the operators' verb `enroll`, between control and the door's parts.

The service has the camera and the reader, so it is asked. It looks with an analyzer of its own, in the thread of the
request, and stands back while somebody with a badge is at that door: nothing here can keep a door waiting.
"""

from collections.abc import Iterator, Mapping

from device.control.desk import Caller
from device.control.messages import Alive, Enroll, Enrolled, InTheWay, LeftOut, Paused, Progress, Requested
from device.credentials import format_badge, parse_badge
from device.enrollment import Enrollment, EnrollmentReport, GuidedCapture, Rejection, guidance_for
from device.guided_place import GuidedPlace, YieldingCamera, at_door
from device.looking import reporting
from device.policy.guidance import Asked, Hindered, Said
from device.ports import Clock
from device.presented import ALIVE_S, presented, refuse_gone
from device.records import Person, Reason
from device.store.store import Store
from device.vision.faces import look_of
from device.vision.quality.limits import Purpose


class GuidedEnrollments:
    """What the verb `enroll` is answered with."""

    def __init__(self, places: Mapping[str, GuidedPlace], store: Store, clock: Clock) -> None:
        """`places` are the doors by their names."""
        self._places = places
        self._store = store
        self._clock = clock

    def progress(self, request: Enroll, caller: Caller) -> Iterator[Progress]:
        """What is said until the person is enrolled. Nothing is stored before the last part.

        Raises `LintelError`: for an unknown door, one where another enrollment is under way, a caller who has gone, and
        whatever an enrollment can raise.
        """
        with at_door(self._places, request.door) as (name, place):
            yield from self._guided(name, place, request, caller)

    def _guided(self, name: str, place: GuidedPlace, request: Enroll, caller: Caller) -> Iterator[Progress]:
        credential = (
            parse_badge(request.badge)
            if request.badge is not None
            else (yield from presented(place.readers, place.readers.names, self._clock, caller))
        )
        analyzer = place.load_analyzer()
        enrollment = Enrollment(self._store, analyzer, self._clock)
        enrollment.holder(credential, request.name)
        guidance = guidance_for(analyzer, request.pictures, self._clock.monotonic())
        yielding = YieldingCamera(place, self._clock)
        look = look_of(analyzer, largest_face=False, purpose=Purpose.REFERENCE)
        look = reporting(look, place.camera, analyzer)
        capture = GuidedCapture(yielding, look, guidance, self._clock, place=f"door {name}")
        yield from self._said(capture, yielding, caller)
        yield enrolled(enrollment.enroll_good(credential, request.name, capture.good()))

    def _said(self, capture: GuidedCapture, yielding: YieldingCamera, caller: Caller) -> Iterator[Progress]:
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
