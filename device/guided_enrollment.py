"""Enrolls a person at a door whose service runs: the operators' verb `enroll`, between control and the door's parts.

The service has the camera and the reader, so it is asked. It looks with an analyzer of its own, in the thread of the
request, and stands back while somebody with a badge is at that door: nothing here can keep a door waiting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from device.control.desk import Caller
from device.control.messages import (
    Alike,
    Alive,
    Enroll,
    Enrolled,
    InTheWay,
    LeftOut,
    Paused,
    Progress,
    Requested,
    Resembling,
)
from device.credentials import format_badge, parse_badge
from device.enrollment import Enrollment, EnrollmentReport, GuidedCapture, Rejection, Terms, guidance_for
from device.guided_place import GuidedPlace, YieldingCamera, at_door
from device.look_alikes import NOT_COMPARED, LookAlike, Resemblance
from device.looking import reporting
from device.policy.guidance import Asked, Hindered, Said
from device.ports import Clock
from device.presented import ALIVE_S, Refuse, presented, refuse_gone
from device.records import Grounds, Person, Reason
from device.store.store import Store
from device.vision.faces import look_of
from device.vision.quality.limits import Purpose


class GuidedEnrollments:
    """What the verb `enroll` is answered with."""

    def __init__(
        self,
        places: Mapping[str, GuidedPlace],
        store: Store,
        clock: Clock,
        grounds: Grounds | None = None,
        *,
        refuse: Refuse = lambda _badge: None,
    ) -> None:
        """`places` are the doors by their names; `grounds` the legal basis where a request states none. `refuse` raises
        `CredentialError` for a badge that can't be given.
        """
        self._refuse = refuse
        self._places = places
        self._grounds = grounds
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
        self._refuse(credential)
        analyzer = place.load_analyzer()
        enrollment = Enrollment(self._store, analyzer, self._clock, terms=Terms(self._stated(request, caller)))
        enrollment.holder(credential, request.name)
        guidance = guidance_for(analyzer, request.pictures, self._clock.monotonic())
        yielding = YieldingCamera(place, self._clock)
        look = look_of(analyzer, largest_face=False, purpose=Purpose.REFERENCE)
        look = reporting(look, place.camera, analyzer)
        capture = GuidedCapture(yielding, look, guidance, self._clock, place=f"door {name}")
        yield from self._said(capture, yielding, caller)
        with self._store.acting(caller.operator.words):
            done = enrollment.enroll_good(credential, request.name, capture.good())
        yield enrolled(done)

    def _stated(self, request: Enroll, caller: Caller) -> Grounds | None:
        by = caller.operator.words
        if request.basis is None:
            return replace(self._grounds, operator=by) if self._grounds else None
        return Grounds(request.basis, request.basis_text_version, request.basis_text, by)

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
    person, badge, found = report.person, format_badge(report.credential), report.resembles
    alike = tuple(Alike(one.person.id, one.person.name, one.similarity) for one in found.alike)
    resembles = Resembling(alike, found.fmr, found.people, found.is_extrapolated) if alike else None
    return Enrolled(person.id, person.name, badge, report.accepted, rejected, report.suspended, resembles)


def report_of(enrolled: Enrolled) -> EnrollmentReport:
    """The same at the other end."""
    rejected = tuple(Rejection(one.label, Reason.from_code(one.reason), one.advice) for one in enrolled.rejected)
    person, badge = Person(enrolled.person_id, enrolled.person), parse_badge(enrolled.badge)
    found = _resemblance(enrolled.resembles)
    return EnrollmentReport(person, badge, enrolled.accepted, rejected, enrolled.suspended, found)


def _resemblance(said: Resembling | None) -> Resemblance:
    if said is None:
        return NOT_COMPARED
    alike = tuple(LookAlike(Person(one.person_id, one.person), one.similarity) for one in said.alike)
    return Resemblance(alike, said.fmr, said.people, said.is_extrapolated)
