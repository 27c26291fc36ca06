"""A face that does not match is looked at again: when, how strictly, until when, and what is said in the end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.events import BadgeClaimed, Compared, DoorChanged, LookFailed, ShowingEvent, TimePassed
from device.policy.hearing import hear
from device.policy.showing import Showing
from device.records import BadgeRead, Credential, DoorState, Evidence, KeyPress, Probe, Reason
from tests.device.policy.scripts import AT, BADGE_OF_ADA, CLAIM, OTHER, Broken, frame, played, probe, states

HOLDER, NEARLY = probe(0.99), probe(0.89)
"""The threshold is 0.9, then 0.92; of another track 0.96."""
STEP_S = 0.05


def seen(*found: Probe | Reason, follows: tuple[bool, ...] = ()) -> list[ShowingEvent | Broken]:
    """A claim, and a frame each 50 ms."""
    follow = dict(enumerate(follows))
    frames = [frame(AT + 0.1 + STEP_S * at, one, follows=follow.get(at, True)) for at, one in enumerate(found)]
    return [BadgeClaimed(AT, CLAIM), *frames]


def reason_of(showing: Showing) -> str | None:
    return showing.verdict.reason.code if showing.verdict else None


def test_track_is_compared_at_3_6_12_24_and_48_frames() -> None:
    made = [showing.comparisons.made for showing in states(seen(*[OTHER] * 60))]
    assert [made.index(number) - 1 for number in (1, 2, 3, 4, 5)] == [3, 6, 12, 24, 48]


def test_fifth_comparison_is_the_last() -> None:
    showing = played(seen(*[OTHER] * 60))
    assert (reason_of(showing), showing.frames) == ("non-match", 48)


def thresholds(script: list[ShowingEvent | Broken]) -> list[float]:
    """Those of the comparisons that did not match, one after the other."""
    made = {showing.comparisons.made: showing.evidence for showing in states(script) if showing.evidence}
    return [evidence.threshold for evidence in made.values()]


def test_further_comparisons_are_stricter() -> None:
    assert thresholds(seen(*[OTHER] * 60)) == [0.9, 0.92, 0.92, 0.92, 0.92]


def test_comparisons_of_another_track_are_the_strictest() -> None:
    breaks = (*[True] * 12, False)
    assert thresholds(seen(*[OTHER] * 40, follows=breaks)) == [0.9, 0.92, 0.92, 0.96, 0.96]


def test_track_that_broke_before_a_comparison_costs_nothing() -> None:
    assert thresholds(seen(OTHER, OTHER, Reason.NO_FACE, *[OTHER] * 3)) == [0.9]


def test_face_that_becomes_good_enough_is_granted() -> None:
    """The mean of three is 0.89, that of six 0.94."""
    showing = played(seen(*[NEARLY] * 3, *[HOLDER] * 3))
    assert (reason_of(showing), showing.frames, len(showing.track)) == ("match", 6, 6)


def test_holder_who_comes_after_another_face_is_granted() -> None:
    """As at a camera that two readers share: another person's face is compared first, and drops out whole."""
    showing = played(seen(*[OTHER] * 20, *[HOLDER] * 3, follows=(*[True] * 20, False)))
    assert (reason_of(showing), showing.track) == ("match", (HOLDER, HOLDER, HOLDER))


@given(st.integers(1, 19), st.integers(0, 2), st.sampled_from([0.93, 0.95, 0.97]))
def test_one_lucky_window_of_twenty_is_refused(window: int, offset: int, lucky: float) -> None:
    """Those three frames alone would have matched."""
    found = [probe(0.85)] * 60
    found[3 * window + offset : 3 * window + offset + 3] = [probe(lucky)] * 3
    showing = played([*seen(*found[:60]), TimePassed(AT + 7.0)])
    assert reason_of(showing) == "non-match"


def test_lucky_window_of_another_view_is_refused() -> None:
    """As of one who turns: the track breaks, and three frames begin the next."""
    lucky = [*[probe(0.85)] * 9, *[probe(0.95)] * 3, *[probe(0.85)] * 48]
    follows = (*[True] * 9, False, True, True, False)
    assert reason_of(played([*seen(*lucky, follows=follows), TimePassed(AT + 7.0)])) == "non-match"


similarities = st.sampled_from([0.5, 0.88, 0.89, 0.91, 0.93, 0.99])
between = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["time", "keys", "door", "old frame"])), max_size=12)


@given(st.lists(similarities, min_size=1, max_size=50), between)
def test_verdict_does_not_depend_on_what_splits_the_frames(shown: list[float], splits: list[tuple[int, str]]) -> None:
    frames = seen(*map(probe, shown))
    split = list(frames)
    for place, kind in splits:
        at = min(1 + place, len(split))
        split.insert(at, nothing(kind, split[at - 1].at))
    whole, in_parts = played(frames), played(split)
    assert (reason_of(in_parts), in_parts.evidence) == (reason_of(whole), whole.evidence)


def nothing(kind: str, at: float) -> ShowingEvent:
    """An event that says nothing about the face."""
    events: dict[str, ShowingEvent] = {
        "time": TimePassed(at),
        "keys": KeyPress("1", at, "outside"),
        "door": DoorChanged(at, DoorState.LOCKED),
        "old frame": frame(at, OTHER, age_s=0.8),
    }
    return events[kind]


@given(st.lists(similarities, min_size=3, max_size=50))
def test_match_is_of_the_mean_of_all_good_frames(shown: list[float]) -> None:
    """Computed apart: the first of five growing means that reaches its threshold."""
    means = [(n, float(np.mean(np.array(shown[:n], np.float32)))) for n in (3, 6, 12, 24, 48) if n <= len(shown)]
    reached = [n for n, mean in means if mean >= (0.9 if n == 3 else 0.92)]
    showing = played(seen(*map(probe, shown)))
    assert (reason_of(showing) == "match", len(showing.track) if reached else 0) == (bool(reached), (*reached, 0)[0])


def ended(*found: Probe | Reason) -> Showing:
    """What it came to, the deadline included."""
    return played([*seen(*found), TimePassed(AT + 7.0)])


@pytest.mark.parametrize("bad", [Reason.FACE_BLURRED, Reason.FACE_TURNED, Reason.FACE_TOO_DARK, Reason.SEVERAL_FACES])
def test_bad_frames_after_a_non_match_are_the_reason(bad: Reason) -> None:
    showing = ended(*[OTHER] * 3, *[bad] * 20)
    assert (reason_of(showing), showing.evidence is not None) == (bad.code, True)


@pytest.mark.parametrize(("bad", "reason"), [(3, "non-match"), (4, "face-blurred")])
def test_more_bad_frames_than_good_ones_are_the_reason(bad: int, reason: str) -> None:
    assert reason_of(ended(*[OTHER] * 3, *[Reason.FACE_BLURRED] * bad)) == reason


def test_bad_frames_before_a_non_match_are_not_the_reason() -> None:
    """On the way to the camera each face is small."""
    assert reason_of(ended(*[Reason.FACE_TOO_SMALL] * 30, *[OTHER] * 6)) == "non-match"


def test_denial_for_bad_frames_keeps_the_evidence_of_the_non_match() -> None:
    verdict = ended(*[OTHER] * 3, *[Reason.FACE_TURNED] * 20).verdict
    assert verdict is not None
    assert verdict.evidence == Evidence(0.5, 0.9, 3, 1)


def test_failure_after_a_non_match_keeps_its_evidence() -> None:
    failed = LookFailed(AT + 1.0, Reason.CAMERA_FAULT, "x")
    verdict = played([*seen(*[OTHER] * 3), failed, TimePassed(AT + 7.0)]).verdict
    assert verdict is not None
    assert (verdict.reason, verdict.evidence) == (Reason.CAMERA_FAULT, Evidence(0.5, 0.9, 3, 1))


def left(empty_s: float) -> Showing:
    """A face that does not match, then nobody for so long, a frame each 50 ms."""
    return played(seen(*[OTHER] * 3, *[Reason.NO_FACE] * (round(empty_s / STEP_S) + 1)))


@pytest.mark.parametrize(("empty_s", "reason"), [(1.45, None), (1.5, "non-match")])
def test_person_who_leaves_is_refused_a_second_and_a_half_later(empty_s: float, reason: str | None) -> None:
    assert reason_of(left(empty_s)) == reason


def test_person_who_was_never_compared_has_until_the_deadline() -> None:
    assert reason_of(played(seen(OTHER, OTHER, *[Reason.NO_FACE] * 60))) is None


def test_face_that_comes_back_in_time_is_looked_at_again() -> None:
    empty = [Reason.NO_FACE] * 20
    assert reason_of(played(seen(*[OTHER] * 3, *empty, OTHER, *empty, *[HOLDER] * 3))) == "match"


OTHERS_BADGE = Credential("h10301", 17, 1002)


@pytest.mark.parametrize(
    ("badge", "frames", "reason"),
    [
        (OTHERS_BADGE, 3, "non-match"),
        (OTHERS_BADGE, 2, None),
        (BADGE_OF_ADA.credential, 3, None),
        (None, 3, None),
    ],
)
def test_another_badge_ends_a_look_that_did_not_match(
    badge: Credential | None, frames: int, reason: str | None
) -> None:
    script = [*seen(*[OTHER] * frames), BadgeRead(badge, AT + 0.5, "outside")]
    assert reason_of(played(script)) == reason


def test_badge_from_before_ends_no_look() -> None:
    script = [*seen(*[OTHER] * 3), BadgeRead(OTHERS_BADGE, AT - 0.1, "outside")]
    assert reason_of(played(script)) is None


@pytest.mark.parametrize(("gap_s", "length"), [(1.0, 3), (1.1, 1)])
def test_gap_of_more_than_a_second_begins_another_track(gap_s: float, length: int) -> None:
    """What came between was not seen."""
    script = [*seen(OTHER, OTHER), frame(AT + 0.1 + STEP_S + gap_s - 1e-6, OTHER)]
    assert len(played(script).track) == length


def test_failed_look_begins_another_track() -> None:
    script = [*seen(HOLDER, HOLDER), LookFailed(AT + 0.3, Reason.CAMERA_FAULT, "x"), frame(AT + 0.4, HOLDER)]
    assert len(played(script).track) == 1


def test_match_at_a_later_comparison_is_the_verdict() -> None:
    verdict = played(seen(*[NEARLY] * 3, *[HOLDER] * 3)).verdict
    assert verdict is not None
    assert verdict.evidence is not None
    assert (verdict.evidence.probes, verdict.evidence.threshold) == (6, 0.92)


def test_answer_to_the_comparison_before_grants_nothing() -> None:
    """A later question is not the earlier one."""
    asked = hear(states(seen(*[OTHER] * 5))[-1], frame(AT + 0.5, OTHER))
    stale = Compared(asked.at, asked.track[:3], CLAIM, Evidence(0.99, 0.9, 3, 1))
    assert (asked.awaits_comparison, hear(asked, stale).verdict) == (True, None)
