"""Laws of a showing, for all sequences of events: what it decides, and that nothing talks it out of a denial."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from device.policy.events import (
    BadgeClaimed,
    Compared,
    DoorChanged,
    FrameSeen,
    ShowingEvent,
    StopRequested,
    TimePassed,
)
from device.policy.hearing import hear
from device.policy.showing import Showing
from device.records import BadgeRead, DoorState, Evidence, Probe, Reason
from tests.device.policy import oracle
from tests.device.policy.scripts import (
    AT,
    BADGE_OF_ADA,
    CLAIM,
    GOOD,
    HOLDER,
    Broken,
    Script,
    frame,
    long_looks,
    looks,
    moved,
    played,
    sequences,
    states,
    timed,
)

UNREADABLE = BadgeRead(None, AT, "outside", fault="Wrong parity.")
GRANTING: list[ShowingEvent | Broken] = [
    BadgeClaimed(AT + 0.01, CLAIM),
    *(frame(AT + 0.1 * number, HOLDER) for number in (1, 2, 3)),
]
"""The shortest way in: a badge and three frames of its holder."""


def is_granted(showing: Showing) -> bool:
    return showing.verdict is not None and showing.verdict.granted


def test_badge_and_three_frames_of_its_holder_are_granted() -> None:
    assert is_granted(played(GRANTING))


@settings(max_examples=150)
@given(
    sequences() | long_looks(),
    st.sampled_from([BADGE_OF_ADA, BADGE_OF_ADA, BADGE_OF_ADA, UNREADABLE]),
    st.sampled_from(DoorState),
)
def test_every_verdict_is_that_of_the_straight_line(script: Script, badge: BadgeRead, door: DoorState) -> None:
    """150 examples; the slow one beside it has 3000."""
    every_verdict_is_that_of_the_straight_line(script, badge, door)


@pytest.mark.slow(small="test_every_verdict_is_that_of_the_straight_line")
@settings(max_examples=3000)
@given(
    sequences() | long_looks(),
    st.sampled_from([BADGE_OF_ADA, BADGE_OF_ADA, BADGE_OF_ADA, UNREADABLE]),
    st.sampled_from(DoorState),
)
def test_every_verdict_of_3000_is_that_of_the_straight_line(script: Script, badge: BadgeRead, door: DoorState) -> None:
    """The same on 20 times as many."""
    every_verdict_is_that_of_the_straight_line(script, badge, door)


def every_verdict_is_that_of_the_straight_line(script: Script, badge: BadgeRead, door: DoorState) -> None:
    showing = played(script, badge=badge, door=door)
    verdict = (showing.verdict.reason.code, showing.fault) if showing.verdict else (None, None)
    assert verdict == oracle.decision(script, badge, door)


@given(sequences(), sequences())
def test_verdict_never_changes(script: Script, more: Script) -> None:
    decided = played([*script, moved(StopRequested(0.0), AT + 20.0), BadgeClaimed(AT + 20.0, None)])
    heard = decided
    for event in more:
        heard = heard if isinstance(event, Broken) else hear(heard, event)
    assert decided.verdict is not None
    assert heard is decided


def is_stale(event: ShowingEvent | Broken) -> bool:
    """Captured before the badge, or more than 0.5 s before it was read, or after it was read."""
    if not isinstance(event, FrameSeen):
        return False
    return event.captured_at <= 100.0 or not 0 <= event.read_at - event.captured_at <= 0.5


@settings(max_examples=400)
@given(st.lists(looks, max_size=12), st.lists(st.sampled_from([0.02, 0.07, 0.2]), min_size=12, max_size=12))
def test_grant_rests_on_no_frame_that_is_not_fresh(seen: list[ShowingEvent | Broken], pauses: list[float]) -> None:
    script = [GRANTING[0], *timed(seen, pauses)]
    fresh = played([event for event in script if not is_stale(event)])
    showing = played(script)
    assert (is_granted(showing), showing.frames) == (is_granted(fresh), fresh.frames)


@settings(max_examples=100)
@given(long_looks())
def test_grant_rests_on_one_track_of_at_least_three_frames(script: Script) -> None:
    """100 examples; the slow one beside it has 1000."""
    grant_rests_on_one_track_of_at_least_three_frames(script)


@pytest.mark.slow(small="test_grant_rests_on_one_track_of_at_least_three_frames")
@settings(max_examples=1000)
@given(long_looks())
def test_any_of_1000_grants_rests_on_one_track(script: Script) -> None:
    """The same on ten times as many."""
    grant_rests_on_one_track_of_at_least_three_frames(script)


def grant_rests_on_one_track_of_at_least_three_frames(script: Script) -> None:
    showing = played(script)
    assert not is_granted(showing) or len(showing.track) in {3, 6, 12, 24, 48}


@settings(max_examples=100)
@given(long_looks())
def test_transaction_is_decided_on_at_most_five_comparisons(script: Script) -> None:
    """100 examples; the slow one beside it has 1000."""
    transaction_is_decided_on_at_most_five_comparisons(script)


@pytest.mark.slow(small="test_transaction_is_decided_on_at_most_five_comparisons")
@settings(max_examples=1000)
@given(long_looks())
def test_any_of_1000_is_decided_on_at_most_five_comparisons(script: Script) -> None:
    """The same on ten times as many."""
    transaction_is_decided_on_at_most_five_comparisons(script)


def transaction_is_decided_on_at_most_five_comparisons(script: Script) -> None:
    made = [showing.comparisons.made for showing in states(script)]
    assert max(made) <= 5
    assert [new - old for old, new in pairwise(made) if new != old] == [1] * made[-1]


@given(sequences())
def test_nothing_is_granted_from_the_deadline_on(script: Script) -> None:
    heard = states(script)
    late = [new for old, new in pairwise(heard) if new.at >= 106.0 and not is_granted(old)]
    assert not any(is_granted(showing) for showing in late)


@given(sequences(), sequences())
def test_nothing_is_granted_after_a_request_to_stop(before: Script, after: Script) -> None:
    stopped = played([*before, StopRequested(AT + 0.001)])
    assume(not is_granted(stopped))
    heard = stopped
    for event in after:
        heard = heard if isinstance(event, Broken) else hear(heard, event)
    assert not is_granted(heard)


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
@given(place=st.integers(0, 3))
def test_nothing_is_granted_while_the_door_lets_nobody_in(state: DoorState, place: int) -> None:
    showing = played([*GRANTING[:place], DoorChanged(AT + 0.02, state), *GRANTING[place:]])
    assert showing.verdict is not None
    assert showing.verdict.reason.code == f"door-{state.value}"


@given(st.integers(0, 3))
def test_lockdown_that_ended_during_the_look_keeps_nobody_out(place: int) -> None:
    over = [DoorChanged(AT + 0.02, DoorState.LOCKDOWN), DoorChanged(AT + 0.02, DoorState.LOCKED)]
    assert is_granted(played([*GRANTING[:place], *over, *GRANTING[place:]]))


@given(st.sets(st.integers(0, 3), min_size=1))
def test_grant_is_gone_without_any_piece_of_its_evidence(missing: set[int]) -> None:
    assert not is_granted(played([event for number, event in enumerate(GRANTING) if number not in missing]))


friendly = st.lists(
    st.sampled_from(
        [
            *[GOOD] * 6,
            *[BadgeClaimed(0.0, CLAIM)] * 2,
            TimePassed(0.0),
            *(frame(0.0, why) for why in (Reason.NO_FACE, Reason.FACE_TURNED, Reason.SEVERAL_FACES)),
        ]
    ),
    max_size=10,
).map(lambda events: [BadgeClaimed(0.0, CLAIM), *events])


@given(friendly, st.data())
def test_leaving_evidence_out_never_grants(events: list[ShowingEvent | Broken], data: st.DataObject) -> None:
    """What speaks for the holder: claims, frames of the holder, and time. What interrupts the view is kept."""
    script = timed(events, [0.3] * 11)
    speaks = [n for n, one in enumerate(script) if not isinstance(one, FrameSeen) or isinstance(one.found, Probe)]
    out = data.draw(st.sets(st.sampled_from(speaks)) if speaks else st.just(set()))
    fewer = played([event for number, event in enumerate(script) if number not in out])
    assert is_granted(fewer) <= is_granted(played(script))


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_verdict_is_monotone_in_the_similarity(one: float, other: float) -> None:
    low, high = (judged(similarity) for similarity in sorted((one, other)))
    assert low <= high


def judged(similarity: float) -> bool:
    """Whether a comparison of this similarity grants, at a threshold of 0.9."""
    asking = asked()
    return is_granted(hear(asking, Compared(asking.at, asking.track, CLAIM, Evidence(similarity, 0.9, 3, 1))))


def asked() -> Showing:
    """A showing that awaits its comparison."""
    showing = states([])[0]
    for event in GRANTING:
        assert not isinstance(event, Broken)
        showing = hear(showing, event)
    assert showing.awaits_comparison
    return showing


@pytest.mark.parametrize("similarity", [0.9, 1.0])
def test_answer_to_another_question_grants_nothing(similarity: float) -> None:
    asking, evidence = asked(), Evidence(similarity, 0.9, 3, 1)
    others = (
        Compared(asking.at, (HOLDER, HOLDER, HOLDER), CLAIM, evidence),
        Compared(asking.at, asking.track, replace(CLAIM, extended=True), evidence),
        Compared(asking.at, asking.track[:2], CLAIM, evidence),
    )
    assert [is_granted(hear(asking, other)) for other in others] == [False, False, False]


def test_comparison_without_a_question_grants_nothing() -> None:
    early = states(GRANTING[:3])[-1]
    assert not is_granted(hear(early, Compared(early.at, early.track, CLAIM, Evidence(1.0, 0.9, 2, 1))))


@pytest.mark.parametrize("captured_at", [math.nan, math.inf, -math.inf, AT, AT - 0.1])
def test_frame_of_no_time_after_the_badge_is_not_evidence(captured_at: float) -> None:
    looked = [replace(frame(AT + 0.1, HOLDER), captured_at=captured_at) for _ in range(3)]
    assert played([GRANTING[0], *looked]).frames == 0
