"""What is said on the operators' socket, each a line of JSON: requests, answers, and what a subscription says."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from device.pad.manifest import FrameRecord, Prompt
from device.records import BasisKind, DoorCommand, DoorStatus
from device.records.service import ServiceStatus

VERSION = 1


class Code(StrEnum):
    """What kind of error it is, for programs."""

    REQUEST = "request"
    VERSION = "version"
    VERB = "verb"
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    SLOW = "slow"
    REFUSED = "refused"
    ENDING = "ending"
    BUG = "bug"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="verb", kw_only=True):
    """What every request has, besides `verb`."""

    v: Annotated[int, Meta(description="the protocol's version")] = VERSION
    id: Annotated[int, Meta(description="repeated in each answer")] = 0


def verb_of(request: Request | type[Request]) -> str:
    """The verb of a request, or of a kind of them."""
    return str(request.__struct_config__.tag)


Door = Annotated[str | None, Meta(description="the door's name; without it, all doors")]


class Status(Request, frozen=True, tag="status"):
    """How a door is; without a name, all doors."""

    door: Door = None


class Release(Request, frozen=True, tag="release"):
    """Release a door once, as a grant does, or for a time."""

    door: Annotated[str | None, Meta(description="the door's name; needed if there are several")] = None
    for_s: Annotated[float, Meta(ge=0, le=86400, description="for how long, seconds; 0: for one opening")] = 0.0


class Secure(Request, frozen=True, tag="secure"):
    """End releases at once."""

    door: Door = None


class Lockdown(Request, frozen=True, tag="lockdown"):
    """Keep doors locked until `clear`."""

    door: Door = None


class Evacuate(Request, frozen=True, tag="evacuate"):
    """Release doors until `clear`."""

    door: Door = None


class Clear(Request, frozen=True, tag="clear"):
    """End a lockdown, an evacuation, or an alarm whose cause is gone."""

    door: Door = None


class Subscribe(Request, frozen=True, tag="subscribe"):
    """Rows of the audit as they are committed, by whichever process, in the order of their numbers, each once."""

    since: Annotated[
        Annotated[int, Meta(ge=0, le=2**63 - 1)] | None,
        Meta(description="number of the first row wanted. Without it, only what is committed from now on"),
    ] = msgspec.field(default=None, name="from")
    last: Annotated[int, Meta(ge=0, le=100_000, description="without `from`: this many of the newest rows first")] = 0


class Enroll(Request, frozen=True, tag="enroll", kw_only=True):
    """Enroll the person at a door with its camera; what they are asked for comes as it is due."""

    door: Annotated[str | None, Meta(description="the door's name; needed if there are several")] = None
    name: Annotated[str, Meta(description="the person's name", max_length=200)]
    badge: Annotated[
        str | None, Meta(description="as `lintel enroll` takes it; without it, the next one that is presented there")
    ] = None
    pictures: Annotated[int, Meta(description="how many are wanted", ge=1, le=20)] = 5
    basis: Annotated[
        BasisKind | None, Meta(description="legal basis of the references; without it, the person's or the settings'")
    ] = None
    basis_text_version: Annotated[str, Meta(description="version of its text", max_length=64)] = ""
    basis_text: Annotated[str, Meta(description="the text, or where it is kept", max_length=1000)] = ""


class AddBadge(Request, frozen=True, tag="add-badge", kw_only=True):
    """Give the next badge that is presented at a reader to an enrolled person. It opens nothing."""

    name: Annotated[str, Meta(description="the person's name", max_length=200)]
    reader: Annotated[str, Meta(description="the reader's name")]


class Missing(msgspec.Struct, frozen=True):
    """A presentation that is to be recorded."""

    species: Annotated[str, Meta(description="live, print, phone, tablet or cut-out", max_length=32)]
    number: Annotated[int, Meta(description="which one of that species it is", ge=1, le=1000)]


class RecordPresentations(Request, frozen=True, tag="record-presentations", kw_only=True):
    """Record live people and attacks at a door with its camera, as numbers. It opens nothing and keeps nothing."""

    door: Annotated[str | None, Meta(description="the door's name; needed if there are several")] = None
    count: Annotated[int, Meta(description="how many of each species there are to be in all", ge=1, le=1000)] = 5
    missing: Annotated[tuple[Missing, ...], Meta(description="what is to be recorded, in this order", max_length=5000)]


DoorRequest = Status | Release | Secure | Lockdown | Evacuate | Clear
REQUESTS: dict[DoorCommand | None, type[DoorRequest]] = {
    None: Status,
    DoorCommand.RELEASE: Release,
    DoorCommand.SECURE: Secure,
    DoorCommand.LOCKDOWN: Lockdown,
    DoorCommand.EVACUATE: Evacuate,
    DoorCommand.CLEAR: Clear,
}
"""The question how a door is, and each command."""


class Doors(msgspec.Struct, frozen=True):
    """The doors that a request was for, as they are after it."""

    doors: tuple[DoorStatus, ...] = ()
    service: Annotated[ServiceStatus | None, Meta(description="the service as a whole, for `status` alone")] = None


class Start(msgspec.Struct, frozen=True, tag_field="type", tag="start"):
    """Where a subscription begins."""

    after: Annotated[int, Meta(description="the rows behind this number come")]


class Row(msgspec.Struct, frozen=True, tag_field="type", tag="row"):
    """A row of the audit, as in `lintel audit list --json`."""

    id: int
    at: Annotated[str, Meta(description="ISO 8601, UTC")]
    event: str
    badge: Annotated[
        str | None,
        Meta(description="left out, as `person_id` and `person`, but for auditors and admins"),
    ] = None
    person_id: int | None = None
    outcome: str | None = None
    reason: str | None = None
    similarity: float | None = None
    threshold: float | None = None
    probes: int | None = None
    references: int | None = None
    frames: int | None = None
    waited_s: float | None = None
    fault: str | None = None
    door: str | None = None
    reader: str | None = None
    pad: Annotated[
        str | None, Meta(description="the door's mode against presentation attacks, as the next four where it looks")
    ] = None
    scene: Annotated[float | None, Meta(description="share of the known surroundings that was seen")] = None
    live: Annotated[float | None, Meta(description="mean probability of a live face")] = None
    turned: Annotated[float | None, Meta(description="how far the last turn of the head went, degrees")] = None
    turns: Annotated[str | None, Meta(description="how each turn ended that was asked for")] = None
    person: Annotated[
        str | None, Meta(description="the person's name at the time it was read; none for one who was removed")
    ] = None
    mode: Annotated[str | None, Meta(description="what the person had to show")] = None
    rule: Annotated[str | None, Meta(description="the rule that wanted that, and its schedule")] = None
    schedule: str | None = None
    by: Annotated[str | None, Meta(description="the operator who did it")] = None
    is_erased: Annotated[bool, Meta(description="whether badge, person and text were erased")] = False
    monotonic_s: Annotated[float | None, Meta(description="seconds since the boot when it was written")] = None
    boot: Annotated[str | None, Meta(description="which boot of the machine")] = None
    clock: Annotated[str | None, Meta(description="how far the time of day could be relied upon")] = None
    version: Annotated[str | None, Meta(description="Lintel's version")] = None
    model: Annotated[str | None, Meta(description="SHA-256 of the embedding model")] = None
    settings: Annotated[str | None, Meta(description="SHA-256 of the settings")] = None
    rules: Annotated[str | None, Meta(description="SHA-256 of the rules")] = None


class Trouble(msgspec.Struct, frozen=True, tag_field="type", tag="trouble"):
    """The audit can't be read; the subscription goes on when it can."""

    what: Annotated[str, Meta(description="in words; empty once it can be read again")]


class Rewound(msgspec.Struct, frozen=True, tag_field="type", tag="rewound"):
    """The audit ends before the last row that was sent: an older copy of the store was put in place."""

    after: Annotated[
        int,
        Meta(description="the rows behind this number come next. Their numbers repeat those of the rows that are lost"),
    ]


class Beat(msgspec.Struct, frozen=True, tag_field="type", tag="beat"):
    """Nothing has happened for a while, and the service is there."""

    after: Annotated[int | None, Meta(description="number of the last row sent")] = None


class Requested(msgspec.Struct, frozen=True, tag_field="type", tag="requested"):
    """What the person is asked for next."""

    kept: Annotated[int, Meta(description="pictures kept so far")]
    wanted: int
    pose: str
    words: str


class InTheWay(msgspec.Struct, frozen=True, tag_field="type", tag="hindered"):
    """Why no picture is kept at the moment."""

    reason: str
    words: str


class Awaited(msgspec.Struct, frozen=True, tag_field="type", tag="awaited"):
    """A badge is to be presented at the door."""

    within_s: float


class Paused(msgspec.Struct, frozen=True, tag_field="type", tag="paused"):
    """Somebody else is at the door with a badge, and goes first."""


class Alive(msgspec.Struct, frozen=True, tag_field="type", tag="alive"):
    """Nothing new, and the service is there."""


class LeftOut(msgspec.Struct, frozen=True):
    """A picture that did not become a reference."""

    label: str
    reason: str
    advice: str = ""


class Alike(msgspec.Struct, frozen=True):
    """Someone who looks like the person who was enrolled."""

    person_id: int
    person: str
    similarity: float


class Resembling(msgspec.Struct, frozen=True):
    """Who looks like the person who was enrolled, and what that rests on."""

    alike: tuple[Alike, ...]
    fmr: Annotated[float, Meta(description="false match rate of each comparison")]
    people: Annotated[int, Meta(description="how many people were compared")]
    is_extrapolated: Annotated[
        bool, Meta(description="whether the network was measured on too few comparisons for that rate")
    ] = False


class Enrolled(msgspec.Struct, frozen=True, tag_field="type", tag="enrolled"):
    """Done: the references are in the store."""

    person_id: int
    person: str
    badge: str
    accepted: tuple[str, ...]
    rejected: tuple[LeftOut, ...] = ()
    suspended: bool = False
    resembles: Annotated[
        Resembling | None, Meta(description="people in the store who look alike: a warning; null without any")
    ] = None


class BadgeAdded(msgspec.Struct, frozen=True, tag_field="type", tag="badge-added"):
    """Done: the badge is valid for the person."""

    person: str
    badge: str


class Looking(msgspec.Struct, frozen=True, tag_field="type", tag="looking"):
    """At which door, and with which networks; their values are comparable with no others."""

    door: str
    network_sha256: Annotated[str, Meta(description="the passive network's hash; empty without one")]
    embedding_sha256: str


class Said(msgspec.Struct, frozen=True, tag_field="type", tag="said"):
    """What the person is asked for, to be read out."""

    words: str


class Presented(msgspec.Struct, frozen=True, tag_field="type", tag="presented"):
    """A presentation is finished: what each of its frames said."""

    species: str
    recorded_at: Annotated[str, Meta(description="ISO 8601, UTC")]
    references: int
    prompts: tuple[Prompt, ...]
    frames: tuple[FrameRecord, ...]


Recording = Looking | Said | Presented | Paused | Alive
"""What is said while presentations are recorded."""

Progress = Requested | InTheWay | Awaited | Paused | Alive | Enrolled | BadgeAdded
"""What is said on the way to what an operator asked for, and at its end."""

Update = Start | Row | Trouble | Rewound | Beat
"""What a subscription says."""


class Reply(msgspec.Struct, frozen=True, tag_field="kind", tag="reply"):
    """The one answer to a request that isn't streamed."""

    id: int
    reply: msgspec.Raw


class Part(msgspec.Struct, frozen=True, tag_field="kind", tag="part"):
    """One of several answers."""

    id: int
    part: msgspec.Raw


class End(msgspec.Struct, frozen=True, tag_field="kind", tag="end"):
    """No more parts come."""

    id: int


class Error(msgspec.Struct, frozen=True, tag_field="kind", tag="error"):
    """It didn't happen, or not to its end."""

    id: int
    code: Code
    what: str
    hint: str


Answer = Reply | Part | End | Error
