"""Every short sequence of events, tried exhaustively: which verdicts there are, and which of them grant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from device.policy.events import (
    BadgeClaimed,
    ClaimFailed,
    ComparisonFailed,
    DoorChanged,
    FrameSeen,
    LookFailed,
    ShowingEvent,
    StopRequested,
    TimePassed,
)
from device.policy.hearing import begun, hear, outcome
from device.policy.modes import Terms
from device.policy.showing import Showing
from device.records import BADGE, BADGE_AND_FACE, BadgeRead, DoorState, Factor, Mode, Reason, Signal
from tests.device.policy.scripts import (
    ADA,
    AT,
    BADGE_OF_ADA,
    CLAIMS,
    HOLDER,
    OTHER,
    VIEWS,
    Broken,
    frame,
    moved,
    played,
    states,
)

ONE_PROBE = Terms(BADGE_AND_FACE, probes=1, timeout_s=6.0, max_age_s=0.5)
TWO_PROBES = replace(ONE_PROBE, probes=2)
EXIT = Terms(BADGE, probes=0, timeout_s=0.0, max_age_s=0.0, exit_reader="inside")
EVERYTHING: list[ShowingEvent | Broken] = [
    *(BadgeClaimed(0.0, claim) for claim in CLAIMS.values()),
    *(ClaimFailed(0.0, why, "it failed") for why in (Reason.STORE_FAULT, Reason.VISION_FAULT)),
    *(frame(0.0, probe) for probe in (HOLDER, OTHER)),
    *(frame(0.0, view) for view in VIEWS),
    *(LookFailed(0.0, why, "it failed") for why in (Reason.CAMERA_FAULT, Reason.VISION_FAULT)),
    *(DoorChanged(0.0, state) for state in (DoorState.LOCKED, DoorState.LOCKDOWN, DoorState.FAULT)),
    ComparisonFailed(0.0, "it failed"),
    Broken(0.0),
    StopRequested(0.0),
    TimePassed(0.0),
]
WAY_IN = {
    *("badge-unreadable", "badge-unknown", "badge-revoked", "badge-suspended", "no-references"),
    *("no-face", "several-faces", "face-too-small", "face-cut-off", "face-turned", "face-too-dark"),
    *("face-too-bright", "face-blurred", "face-too-brief", "match", "non-match"),
    *("door-lockdown", "door-fault", "stopping", "camera-fault", "store-fault", "vision-fault"),
}
LIKE_OTHER_VIEWS = {
    *("face-tilted", "face-backlit", "face-half-dark", "face-foggy", "face-noisy", "face-compressed"),
    *("face-covered", "eyes-covered", "brows-covered", "face-moved", "face-unclear", "picture-turned"),
}
"""Left out of the search, which grows with the third power of the events: a picture with another fault."""
PAD = {"presentation-attack", "turn-not-made", "wait-after-attack", "face-too-close"}
"""Where the door looks for presentation attacks: `test_attack.py`."""
NOT_YET = {
    *("pin", "badge", "duress", "not-yet-valid", "expired", "not-allowed", "outside-schedule", "rule-denies"),
    *("clock-untrusted", "pin-wrong", "pin-missing", "no-pin", "pin-disabled", "face-disabled", "wait-after-failures"),
    *("key-missing", "reader-tampered", "door-scheduled-lock", "passed-back", "area-full", "second-awaited"),
    *("host-awaited", "no-keypad"),
}
"""Where rules and modes say more than badge and face: `test_pins.py`, `test_rulings.py`."""
FOR_REFERENCES = {"outlier", "same-picture", "eyes-closed", "face-like-many"}
UNREADABLE = BadgeRead(None, AT, "outside")


def ends(terms: Terms, length: int) -> Iterator[Showing]:
    """What each sequence of so many events ends in, the deadline passing after it."""
    yield played([], badge=UNREADABLE, terms=terms)
    for events in product(EVERYTHING, repeat=length):
        script = [moved(event, AT + 0.1 * number) for number, event in enumerate(events, 1)]
        yield played([*script, TimePassed(AT + 7.0)], terms=terms)


def way_in(at: float) -> list[ShowingEvent | Broken]:
    """A claim at once, and three frames of the holder, the last one at that time."""
    return [BadgeClaimed(AT, CLAIMS["match"]), *(frame(at - 0.1 * ago, HOLDER) for ago in (2, 1, 0))]


def reasons(showings: Iterator[Showing]) -> set[str]:
    return {showing.verdict.reason.code for showing in showings if showing.verdict is not None}


def test_verdicts_at_the_way_in_are_these_and_no_others() -> None:
    """Left out are those that a showing can't know: the way out, an interlock, pictures for enrollment, and that of a
    random number, which this badge does not have.
    """
    assert reasons(ends(ONE_PROBE, 3)) | reasons(ends(TWO_PROBES, 3)) == WAY_IN
    elsewhere = {"exit", "door-interlocked", "badge-random", *FOR_REFERENCES, *PAD, *NOT_YET}
    assert {reason.code for reason in Reason} - WAY_IN == elsewhere | LIKE_OTHER_VIEWS


@pytest.mark.parametrize("code", sorted(LIKE_OTHER_VIEWS))
def test_a_view_left_out_of_the_search_ends_in_its_own_reason(code: str) -> None:
    script: list[ShowingEvent | Broken] = [
        BadgeClaimed(AT, CLAIMS["match"]),
        frame(AT + 0.2, Reason.from_code(code)),
        TimePassed(AT + 7.0),
    ]
    showing = played(script, terms=ONE_PROBE)
    assert showing.verdict is not None
    assert showing.verdict.reason.code == code


def test_verdicts_at_the_way_out_are_these_and_no_others() -> None:
    expected = {"exit", "badge-unreadable", "badge-unknown", "badge-revoked", "stopping"}
    assert reasons(ends(EXIT, 2)) == expected


def test_every_grant_at_the_way_in_has_the_holder_claimed_and_seen() -> None:
    granted = [showing for showing in ends(TWO_PROBES, 3) if showing.verdict is not None and showing.verdict.granted]
    assert granted
    assert all(showing.claim is CLAIMS["match"] and showing.track == (HOLDER, HOLDER) for showing in granted)


@pytest.mark.parametrize("state", DoorState)
def test_badge_alone_is_let_out_in_every_state_of_the_door(state: DoorState) -> None:
    showing = played([BadgeClaimed(AT, CLAIMS["match"])], terms=EXIT, door=state)
    assert showing.verdict is not None
    assert showing.verdict.granted


def test_badge_is_let_out_when_the_store_cannot_say_whose_it_is() -> None:
    showing = played([ClaimFailed(AT, Reason.STORE_FAULT, "locked")], terms=EXIT)
    assert showing.verdict is not None
    assert (showing.verdict.granted, showing.fault) == (True, "locked")


def test_mode_with_a_pin_has_no_verdict_on_badge_and_face_alone() -> None:
    """At the deadline, which leaves time to type one, it is a denial."""
    mode = Mode(frozenset({Factor.BADGE, Factor.FACE, Factor.PIN}))
    terms = Terms(mode, probes=1, timeout_s=6.0, max_age_s=0.5)
    seen = played([BadgeClaimed(AT, CLAIMS["match"]), frame(AT + 0.1, HOLDER)], terms=terms)
    assert (seen.verdict, set(seen.needed)) == (None, {Factor.PIN})
    assert hear(seen, TimePassed(AT + 14.9)).verdict is None
    over = hear(seen, TimePassed(AT + 15.0))
    assert over.verdict is not None
    assert over.verdict.reason is Reason.PIN_MISSING


def test_prompt_is_to_look_until_the_verdict() -> None:
    script = way_in(AT + 0.3)
    prompts = [showing.prompt for showing in states(script)]
    assert prompts == [Signal.LOOK, Signal.LOOK, Signal.LOOK, Signal.LOOK, Signal.GRANTED]


def test_way_out_prompts_nothing_before_its_verdict() -> None:
    prompts = [showing.prompt for showing in states([BadgeClaimed(AT, None)], terms=EXIT)]
    assert prompts == [None, Signal.DENIED]


def test_what_is_still_needed_becomes_less() -> None:
    script = way_in(AT + 0.3)
    assert [len(showing.needed) for showing in states(script)] == [2, 1, 1, 1, 0]


@pytest.mark.parametrize(("after_s", "reason"), [(5.999, "match"), (6.0, "face-too-brief"), (6.001, "face-too-brief")])
def test_frame_at_the_deadline_is_too_late(after_s: float, reason: str) -> None:
    showing = played(way_in(AT + after_s))
    assert showing.verdict is not None
    assert showing.verdict.reason.code == reason


@pytest.mark.parametrize(("age_s", "frames"), [(0.0, 1), (0.4, 1), (0.51, 0), (-0.01, 0)])
def test_frame_too_old_or_of_the_future_is_not_evidence(age_s: float, frames: int) -> None:
    seen = played([BadgeClaimed(AT, CLAIMS["match"]), frame(AT + 1.0, HOLDER, age_s=age_s)])
    assert seen.frames == frames


def test_begun_showing_knows_its_person_only_after_the_claim() -> None:
    showing = begun(BADGE_OF_ADA, TWO_PROBES, door=DoorState.LOCKED, now=AT)
    claimed = hear(showing, BadgeClaimed(AT, CLAIMS["match"]))
    assert (showing.claim, claimed.claim.person if claimed.claim else None) == (None, ADA)


def test_unused_event_changes_nothing_but_the_time() -> None:
    looking = states([BadgeClaimed(AT, CLAIMS["match"])])[-1]
    assert isinstance(EVERYTHING[7], FrameSeen)
    assert hear(looking, BadgeClaimed(AT + 1.0, None)).claim is looking.claim


LATE, SOON = TimePassed(AT + 7.0), AT + 0.1
CLAIMED = BadgeClaimed(AT, CLAIMS["match"])
PRECEDENCE = {
    "stop before the claim": ([StopRequested(AT), CLAIMED], "stopping"),
    "stop, and a badge that nobody holds": ([StopRequested(AT), BadgeClaimed(AT, None)], "badge-unknown"),
    "stop at the deadline": ([CLAIMED, StopRequested(AT + 6.0)], "stopping"),
    "claim after the deadline": ([BadgeClaimed(AT + 6.0, CLAIMS["match"])], "camera-fault"),
    "claim whose time seems to go back": ([LATE, CLAIMED], "camera-fault"),
    "revoked badge after the deadline": ([LATE, BadgeClaimed(AT + 7.0, CLAIMS["badge-revoked"])], "badge-revoked"),
    "good frame, then nobody": ([CLAIMED, frame(SOON, HOLDER), frame(SOON, Reason.NO_FACE), LATE], "face-too-brief"),
    "nobody, then a good frame": ([CLAIMED, frame(SOON, Reason.NO_FACE), frame(SOON, HOLDER), LATE], "face-too-brief"),
    "dark, then nobody": (
        [CLAIMED, frame(SOON, Reason.FACE_TOO_DARK), frame(SOON, Reason.NO_FACE), LATE],
        "face-too-dark",
    ),
    "dark, then a good frame": (
        [CLAIMED, frame(SOON, Reason.FACE_TOO_DARK), frame(SOON, HOLDER), LATE],
        "face-too-dark",
    ),
    "dark, then turned": (
        [CLAIMED, frame(SOON, Reason.FACE_TOO_DARK), frame(SOON, Reason.FACE_TURNED), LATE],
        "face-turned",
    ),
    "dark, then a failure": (
        [CLAIMED, frame(SOON, Reason.FACE_TOO_DARK), LookFailed(SOON, Reason.VISION_FAULT, "x"), LATE],
        "vision-fault",
    ),
    "failure before the claim": ([LookFailed(AT, Reason.VISION_FAULT, "x"), CLAIMED, LATE], "camera-fault"),
    "lockdown and a stop": (
        [CLAIMED, DoorChanged(SOON, DoorState.LOCKDOWN), StopRequested(SOON)],
        "stopping",
    ),
    "lockdown, another face": (
        [CLAIMED, DoorChanged(SOON, DoorState.LOCKDOWN), *[frame(SOON, OTHER)] * 3, LATE],
        "non-match",
    ),
    "another face and a stop": ([CLAIMED, *[frame(SOON, OTHER)] * 3, StopRequested(SOON)], "non-match"),
    "another face, then dark": (
        [CLAIMED, *[frame(SOON, OTHER)] * 3, *[frame(SOON, Reason.FACE_TOO_DARK)] * 4, LATE],
        "face-too-dark",
    ),
    "dark, then another face": (
        [CLAIMED, *[frame(SOON, Reason.FACE_TOO_DARK)] * 9, *[frame(SOON, OTHER)] * 3, LATE],
        "non-match",
    ),
    "another face, then a failure": (
        [CLAIMED, *[frame(SOON, OTHER)] * 3, LookFailed(SOON, Reason.CAMERA_FAULT, "x"), LATE],
        "camera-fault",
    ),
}


@pytest.mark.parametrize(("script", "reason"), PRECEDENCE.values(), ids=PRECEDENCE.keys())
def test_of_two_reasons_this_one_is_given(script: list[ShowingEvent | Broken], reason: str) -> None:
    showing = played(script)
    assert showing.verdict is not None
    assert showing.verdict.reason.code == reason


def test_time_to_the_verdict_counts_from_the_badge() -> None:
    """A badge that was heard of 0.8 s after it was read was decided after 0.8 s."""
    showing = begun(BadgeRead(None, AT, "outside"), TWO_PROBES, door=DoorState.LOCKED, now=AT + 0.8)
    assert outcome(showing, datetime(2026, 1, 1, tzinfo=UTC), "main").waited_s == pytest.approx(0.8)


def test_showing_without_a_verdict_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="not over"):
        outcome(states([CLAIMED])[-1], datetime(2026, 1, 1, tzinfo=UTC), "main")
