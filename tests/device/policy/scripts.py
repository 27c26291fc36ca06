"""Events for showings, and what drives one through them: comparisons are answered as a door would."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from device.policy.events import (
    BadgeClaimed,
    ClaimFailed,
    Compared,
    ComparisonFailed,
    DoorChanged,
    FrameSeen,
    LookFailed,
    ShowingEvent,
    StopRequested,
    TimePassed,
)
from device.policy.hearing import begun, hear
from device.policy.modes import Terms
from device.policy.showing import Showing
from device.records import (
    BADGE_AND_FACE,
    BadgeRead,
    BadgeRemoved,
    Box,
    Claim,
    Credential,
    DoorState,
    Evidence,
    KeyPress,
    Person,
    Probe,
    Quality,
    Reason,
)

AT = 100.0
"""When the badge was presented, seconds."""
ADA = Person(1, "Ada")
BADGE_OF_ADA = BadgeRead(Credential("h10301", 17, 1001), AT, "outside")
TERMS = Terms(BADGE_AND_FACE, probes=3, timeout_s=6.0, max_age_s=0.5)
THRESHOLDS = {1.0: 0.9, 0.5: 0.92, 0.05: 0.96}
"""By the share of the target rate at which a comparison may match."""
REFERENCE, NOTHING = np.ones((1, 2), np.float32), np.zeros((0, 0), np.float32)
CLAIM = Claim(ADA, revoked=False, references=REFERENCE)
CLAIMS = {
    "match": CLAIM,
    "badge-unknown": None,
    "badge-revoked": Claim(ADA, revoked=True, references=REFERENCE),
    "badge-suspended": Claim(ADA, revoked=False, references=REFERENCE, suspended=True),
    "no-references": Claim(ADA, revoked=False, references=NOTHING),
}
VIEWS = [
    Reason.NO_FACE,
    Reason.SEVERAL_FACES,
    Reason.FACE_TOO_SMALL,
    Reason.FACE_CUT_OFF,
    Reason.FACE_TURNED,
    Reason.FACE_TOO_DARK,
    Reason.FACE_TOO_BRIGHT,
    Reason.FACE_BLURRED,
]


def probe(similarity: float) -> Probe:
    """A good face, as similar to the reference as that."""
    embedding = np.array([similarity, np.sqrt(max(0.0, 1 - similarity**2))], np.float32)
    return Probe(embedding, Quality(150, 120, 0.3, 0.0), Box(100, 100, 100, 100))


HOLDER, POOR, OTHER = probe(0.99), probe(0.91), probe(0.5)


def frame(at: float, found: Probe | Reason, *, follows: bool = True, age_s: float = 0.05) -> FrameSeen:
    """A frame whose analysis ended `at`, 10 ms after it was read, then `age_s` old."""
    return FrameSeen(at, at - 0.01 - age_s, at - 0.01, found, follows)


@dataclass(frozen=True)
class Broken:
    """Marks the comparison that comes next as one that fails."""

    at: float


Script = Sequence[ShowingEvent | Broken]


def similarity_of(track: Sequence[Probe]) -> float:
    """The mean, as the network's rule fuses them."""
    return float(np.mean([one.embedding[0] for one in track]))


def answered(showing: Showing, *, is_broken: bool) -> Showing:
    """What a door answers when a comparison is awaited."""
    claim = showing.claim
    if not showing.awaits_comparison or claim is None:
        return showing
    if is_broken:
        return hear(showing, ComparisonFailed(showing.at, "ModelError"))
    threshold = THRESHOLDS[showing.comparisons.share]
    evidence = Evidence(similarity_of(showing.track), threshold, len(showing.track), 1)
    return hear(showing, Compared(showing.at, showing.track, claim, evidence))


def states(
    script: Script,
    *,
    badge: BadgeRead = BADGE_OF_ADA,
    terms: Terms = TERMS,
    door: DoorState = DoorState.LOCKED,
) -> list[Showing]:
    """The showing at its begin and after each event."""
    showing, is_broken, found = begun(badge, terms, door=door, now=badge.at), False, []
    found.append(showing)
    for event in script:
        is_broken = is_broken or isinstance(event, Broken)
        if not isinstance(event, Broken):
            showing = answered(hear(showing, event), is_broken=is_broken)
        found.append(showing)
    return found


def played(script: Script, **how: object) -> Showing:
    """The showing in the end."""
    return states(script, **how)[-1]  # type: ignore[arg-type]


GOOD = frame(0.0, HOLDER)
LOOKS: list[ShowingEvent | Broken] = [
    *[GOOD] * 12,
    *[frame(0.0, OTHER)] * 2,
    *[frame(0.0, POOR)] * 2,
    frame(0.0, HOLDER, follows=False),
    frame(0.0, OTHER, follows=False),
    *[frame(0.0, HOLDER, age_s=age_s) for age_s in (0.6, -0.1, 0.3)],
    *[frame(0.0, why) for why in VIEWS],
    *[LookFailed(0.0, why, f"{why.code}!") for why in (Reason.CAMERA_FAULT, Reason.VISION_FAULT)],
]
"""Half of them are of the holder."""
ELSE: list[ShowingEvent | Broken] = [
    *(DoorChanged(0.0, state) for state in DoorState),
    StopRequested(0.0),
    TimePassed(0.0),
    KeyPress("1234#", 0.0, "outside"),
    *(BadgeRead(badge, 0.0, "outside") for badge in (BADGE_OF_ADA.credential, Credential("h10301", 17, 9), None)),
    BadgeRemoved(0.0, "outside"),
    Broken(0.0),
    ComparisonFailed(0.0, "nobody asked"),
    *(BadgeClaimed(0.0, claim) for claim in CLAIMS.values()),
    ClaimFailed(0.0, Reason.STORE_FAULT, "store-fault!"),
    ClaimFailed(0.0, Reason.VISION_FAULT, "vision-fault!"),
]
looks = st.sampled_from(LOOKS)
anything = st.sampled_from([*LOOKS, *LOOKS, *LOOKS, *ELSE])
claimed = st.sampled_from([*[BadgeClaimed(0.0, CLAIM)] * 9, *ELSE[-len(CLAIMS) - 2 :]])
in_runs = st.tuples(st.sampled_from(LOOKS), st.sampled_from([1, 2, 3, 6, 12, 24]))
PAUSES_S = [0.07, 0.07, 0.07, 0.07, 0.3, 1.0, 2.5]


def moved(event: ShowingEvent | Broken, at: float) -> ShowingEvent | Broken:
    """The same event at another time."""
    if isinstance(event, FrameSeen):
        shift = at - event.at
        return replace(event, at=at, read_at=event.read_at + shift, captured_at=event.captured_at + shift)
    return replace(event, at=at)


def timed(events: Iterable[ShowingEvent | Broken], pauses: Iterable[float]) -> list[ShowingEvent | Broken]:
    """The events one after the other, from the badge on."""
    at, laid = AT, []
    for event, pause in zip(events, pauses, strict=False):
        at += pause
        laid.append(moved(event, at))
    return laid


@st.composite
def sequences(draw: st.DrawFn) -> Script:
    """Scripts that begin with what the store says, most of them, and go on with what a camera sees, most of it."""
    before: list[ShowingEvent | Broken] = draw(st.lists(anything, max_size=2) | st.just([]))
    kinds = draw(st.sampled_from([looks, st.just(GOOD), anything]))
    after: list[ShowingEvent | Broken] = draw(st.lists(anything, max_size=4)) + draw(st.lists(kinds, max_size=12))
    events: list[ShowingEvent | Broken] = [*before, draw(claimed), *after, TimePassed(0.0)]
    pauses = draw(st.lists(st.sampled_from(PAUSES_S), min_size=len(events), max_size=len(events)))
    return timed(events, [*pauses[:-1], draw(st.sampled_from([9.0, 9.0, 0.07]))])


@st.composite
def long_looks(draw: st.DrawFn) -> Script:
    """Claims, then runs of one frame after the other, one each 0.04 s, with something else in between."""
    runs = draw(st.lists(in_runs, min_size=1, max_size=8))
    events = [event for event, count in runs for _ in range(count)]
    for event in draw(st.lists(st.sampled_from(ELSE[:-7]), max_size=2)):
        events.insert(draw(st.integers(0, len(events))), event)
    pauses = [*[0.04] * (len(events) + 1), draw(st.sampled_from([9.0, 0.04]))]
    return timed([BadgeClaimed(0.0, CLAIM), *events, TimePassed(0.0)], pauses)
