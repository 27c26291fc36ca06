"""Enrolls from the page, by the code of `lintel enroll`: from uploaded pictures, or guided before the camera."""

from collections.abc import Iterator

from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, EnrollmentReport, GuidedCapture, Terms, guidance_for
from device.errors import EnrollmentRefused, LintelError
from device.policy.guidance import Asked, Hindered, Said
from device.records import BasisKind, Credential, Frame, Grounds
from device.simulation.web.people import OPERATOR, refuse_while_recording
from device.simulation.web.publishing import Publisher
from device.simulation.web.requests import EnrollmentRequest
from device.simulation.web.worlds import LiveWorld, Stage
from device.store.store import Store
from device.vision.faces import look_of
from device.vision.quality.limits import Purpose
from device.web.messages import Enrolling

PICTURES = 3
"""How many a person is guided through."""


class NewestPicture:
    """`Camera` of a world in which time passes elsewhere: what is newest, without waiting."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world
        self._given_at = -1.0

    def read(self, _timeout_s: float) -> Frame | None:
        """The newest picture, if it has not been given."""
        found = self._world.look()
        if found.image is None or found.seen.at_s == self._given_at:
            return None
        self._given_at = found.seen.at_s
        return Frame(found.image, found.seen.at_s)

    def trouble(self) -> str:
        """Nothing is known of it here."""
        return ""

    def close(self) -> None:
        """Nothing is held open."""


class PageEnrollment:
    """One enrollment at a time. Used by the world's thread."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._goes_on: Iterator[Enrolling] | None = None
        self._of: Store | None = None
        """The store of the world that it began in: another world, or the same begun again, has another one."""

    def ask(self, stage: Stage, request: EnrollmentRequest) -> None:
        """Begins, or ends what goes on. Raises `LintelError`, for what can be known before a picture is taken."""
        if request.do == "cancel":
            self._end()
            return
        if not request.basis_text_version:
            raise EnrollmentRefused(
                "The person has not agreed to a text.", hint="Show them the text, and send its version when they agree."
            )
        if self._goes_on is not None and self._of is stage.world.store:
            raise EnrollmentRefused("An enrollment is under way.", hint="Wait for its end, or cancel it.")
        refuse_while_recording(stage)
        badge, terms = parse_badge(request.badge), Terms(_grounds(request))
        enrollment = Enrollment(stage.world.store, stage.world.analyzer, stage.world.clock, terms=terms)
        enrollment.holder(badge, request.name)
        self._of = stage.world.store
        self._goes_on = _guided(stage.world, enrollment, badge, request)
        if request.pictures:
            self._goes_on = _from_pictures(stage.world, enrollment, badge, request)

    def go_on(self, stage: Stage) -> None:
        """One look more, and what is said of it."""
        if self._goes_on is None:
            return
        if self._of is not stage.world.store:
            self._goes_on = None
            self._publisher.say(Enrolling(stage="refused", words="The world began again; nothing was stored."))
            return
        try:
            with stage.world.store.acting(OPERATOR):
                said = next(self._goes_on, None)
        except LintelError as error:
            self._goes_on = None
            self._publisher.say(Enrolling(stage="refused", words=f"{error.message} {error.hint}"))
            return
        if said is None:
            self._goes_on = None
        elif said.stage:
            self._publisher.say(said)

    def _end(self) -> None:
        if self._goes_on is not None:
            self._goes_on = None
            self._publisher.say(Enrolling(stage="refused", words="Cancelled; nothing was stored."))


def _grounds(request: EnrollmentRequest) -> Grounds:
    return Grounds(BasisKind.CONSENT, request.basis_text_version, operator=OPERATOR)


def _from_pictures(
    world: LiveWorld, enrollment: Enrollment, badge: Credential, request: EnrollmentRequest
) -> Iterator[Enrolling]:
    """At once."""
    if unknown := [name for name in request.pictures if name not in world.images]:
        raise EnrollmentRefused(f"There is no picture {unknown[0]!r}.", hint="Upload it first.")
    candidates = [Candidate(name, world.images[name]) for name in request.pictures]
    yield _enrolled(enrollment.enroll(badge, request.name, candidates))


def _guided(
    world: LiveWorld, enrollment: Enrollment, badge: Credential, request: EnrollmentRequest
) -> Iterator[Enrolling]:
    """Look after look; what says nothing new has no stage."""
    clock, analyzer = world.clock, world.analyzer
    guidance = guidance_for(analyzer, PICTURES, clock.monotonic())
    look = look_of(analyzer, largest_face=False, purpose=Purpose.REFERENCE)
    capture = GuidedCapture(NewestPicture(world), look, guidance, clock, place="the page")
    kept = 0
    for said in capture.said():
        kept = said.kept if isinstance(said, Asked) else kept
        yield _said(said, kept)
    yield _enrolled(enrollment.enroll_good(badge, request.name, capture.good()))


def _said(said: Said | None, kept: int) -> Enrolling:
    match said:
        case Asked(kept, wanted, pose):
            return Enrolling(stage="asked", kept=kept, wanted=wanted, pose=pose.name.lower(), words=pose.value)
        case Hindered(reason):
            words = f"{reason.meaning} {reason.advice}"
            return Enrolling(stage="hindered", kept=kept, wanted=PICTURES, words=words, rejected=(reason.code,))
        case None:
            return Enrolling(stage="", kept=kept, wanted=PICTURES)


def _enrolled(report: EnrollmentReport) -> Enrolling:
    count = len(report.accepted)
    return Enrolling(
        stage="enrolled",
        kept=count,
        wanted=count,
        words=f"{report.person.name} is enrolled, with {count} pictures.",
        rejected=tuple(f"{one.label}: {one.said}" for one in report.rejected),
    )
