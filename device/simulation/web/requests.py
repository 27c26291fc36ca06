"""What the page of a simulation may ask for: one table of routes, read by code, docs and tests."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from device.simulation.scenario import Happening
from device.web.messages import World

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Word = Annotated[str, Meta(min_length=1, max_length=40)]
BadgeState = Literal["active", "suspended", "revoked", "expired"]
MOST_SPEED = 20.0


class Playback(Struct, frozen=True, forbid_unknown_fields=True):
    """What the buttons of a player do."""

    do: Literal["play", "go-on", "pause", "step", "seek", "speed", "load", "record", "stop"]
    """`play`: time and the scenario go on; `go-on`: time alone."""
    number: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Of a step, to seek."""
    factor: Annotated[float, Meta(gt=0, le=MOST_SPEED)] = 1.0
    """How many seconds of the world pass in a second."""
    scenario: Annotated[str, Meta(max_length=80)] = ""
    """One that comes with Lintel, to load; empty: the one that was begun with."""


class PeopleChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is done with a badge."""

    do: Literal["issue", "revoke", "suspend", "resume", "restore"]
    badge: Word
    name: Annotated[str, Meta(max_length=80)] = ""
    """Who gets it; of `issue` alone."""


class EnrollmentRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Begins an enrollment, or ends one. What is begun needs the version of the text that the person agreed to."""

    do: Literal["start", "cancel"]
    name: Annotated[str, Meta(max_length=80)] = ""
    badge: Annotated[str, Meta(max_length=40)] = ""
    pictures: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    """Uploaded ones; without any the person is guided before the camera."""
    basis_text_version: Annotated[str, Meta(max_length=40)] = ""


class BadgeShown(Struct, frozen=True):
    """A badge of someone."""

    badge: str
    state: BadgeState
    is_duress: bool


class PersonShown(Struct, frozen=True):
    """Someone who is known."""

    name: str
    badges: tuple[BadgeShown, ...]
    groups: tuple[str, ...]
    image: str | None
    references: int
    has_pin: bool
    duress_pin: str = ""
    """Of a scenario's own people, so that it can be typed; of all others it stays secret."""


class People(Struct, frozen=True):
    """All who are known."""

    people: tuple[PersonShown, ...]


class ScheduleShown(Struct, frozen=True):
    """A schedule, and whether it holds now."""

    name: str
    is_on: bool


class RulesShown(Struct, frozen=True):
    """The rules that count."""

    text: str
    schedules: tuple[ScheduleShown, ...]


class Explained(Struct, frozen=True):
    """Why a decision was as it was."""

    lines: tuple[str, ...]


class Added(Struct, frozen=True):
    """A picture that was uploaded."""

    name: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A route of the page."""

    method: Literal["GET", "POST"]
    path: str
    what: str
    takes: type | None = None
    """The type of the body in JSON."""
    gives: type | str | None = None
    """The type of the answer in JSON, or the media type of another one; None: 204 without a body."""


ROUTES = (
    Answered("GET", "/api/world", "How everything is now.", gives=World),
    Answered("POST", "/api/act", "Something happens now, as in a scenario.", takes=Happening),
    Answered("POST", "/api/playback", "Play, pause, step, seek, change speed, load, record, stop.", takes=Playback),
    Answered("GET", "/api/recording", "What was recorded, as a scenario.", gives="application/toml"),
    Answered("POST", "/api/pictures", "Upload a picture of someone, at most 10 MB.", gives=Added),
    Answered("GET", "/api/pictures/{name}", "A picture of someone, made small.", gives="image/jpeg"),
    Answered("GET", "/api/explain/{row}", "Why a decision was as it was.", gives=Explained),
    Answered("GET", "/api/people", "Who is known, with badges.", gives=People),
    Answered("POST", "/api/people", "Issue, revoke, suspend, resume or restore a badge.", takes=PeopleChange),
    Answered("GET", "/api/rules", "The rules that count, and which schedules hold now.", gives=RulesShown),
    Answered("POST", "/api/enrollment", "Start or cancel an enrollment.", takes=EnrollmentRequest),
    Answered("POST", "/api/chain", "Verify the audit now; the stream says what came of it."),
)
"""All but the stream, `/api/stream`, and the files of the page."""
