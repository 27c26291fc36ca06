"""What each mode demands, for all sequences of faces, keys and time; and that no word is said early of a PIN."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.policy.events import BadgeClaimed, Bars, Compared, PinChecked, ShowingEvent, TimePassed
from device.policy.hearing import begun, hear
from device.policy.pin_entry import NOTHING_TYPED
from device.policy.showing import Showing
from device.records import MODES, DoorState, Evidence, Factor, KeyPress, PinAnswer, Reason, Ruling
from tests.device.policy import mode_oracle
from tests.device.policy.scripts import (
    AT,
    BADGE_OF_ADA,
    CLAIM,
    HOLDER,
    OTHER,
    TERMS,
    Broken,
    Script,
    answered,
    frame,
    timed,
)

ANSWERS = {"0123": PinAnswer.RIGHT, "7777": PinAnswer.DURESS}
MODE_NAMES = sorted(MODES)


def keys(text: str) -> KeyPress:
    return KeyPress(text, 0.0, "outside")


def claimed(mode: str) -> BadgeClaimed:
    return BadgeClaimed(AT, CLAIM, ruling=Ruling(MODES[mode], rule="of the test"))


def checked(showing: Showing) -> Showing:
    """What a door answers when a PIN is awaited."""
    if not showing.awaits_pin:
        return showing
    answer = ANSWERS.get(showing.entry.digits, PinAnswer.WRONG)
    return hear(showing, PinChecked(showing.at, showing.entry, answer))


def played(script: Script) -> Showing:
    showing = begun(BADGE_OF_ADA, TERMS, door=DoorState.LOCKED, now=AT)
    for event in script:
        assert not isinstance(event, Broken)
        showing = checked(answered(hear(showing, event), is_broken=False))
    return showing


def is_granted(showing: Showing) -> bool:
    return showing.verdict is not None and showing.verdict.granted


FACES: list[ShowingEvent | Broken] = [
    *[frame(0.0, HOLDER)] * 5,
    *[frame(0.0, OTHER)] * 3,
    frame(0.0, OTHER, follows=False),
    frame(0.0, Reason.NO_FACE),
    frame(0.0, Reason.SEVERAL_FACES),
]
PADS: list[ShowingEvent | Broken] = [
    keys(text) for text in ("0123#", "7777#", "9999#", "12#", "0", "1", "23#", "*", "#", "123456789#", "0123")
]
MOMENTS: list[ShowingEvent | Broken] = [*FACES, *PADS, TimePassed(0.0)]
moments = st.sampled_from(MOMENTS)
pauses = st.lists(st.sampled_from([0.07, 0.07, 0.3, 0.9, 2.9, 3.0, 4.0]), min_size=80, max_size=80)


@st.composite
def visits(draw: st.DrawFn, mode: str, what: st.SearchStrategy[ShowingEvent | Broken] = moments) -> Script:
    """A claim, then faces and keys in any order, and the end of the time."""
    runs = st.lists(st.tuples(what, st.sampled_from([1, 1, 1, 3, 6])), max_size=10)
    happened = [event for event, times in draw(runs) for _ in range(times)]
    laid = timed(happened, draw(pauses))
    return [claimed(mode), *laid, TimePassed(AT + draw(st.sampled_from([5.0, 40.0])))]


@pytest.mark.parametrize("mode", MODE_NAMES)
@given(data=st.data())
def test_every_mode_decides_as_the_straight_line(mode: str, data: st.DataObject) -> None:
    """A hundred visits; the slow one below has a thousand."""
    decides_as_the_straight_line(mode, data)


@pytest.mark.slow(small="test_every_mode_decides_as_the_straight_line")
@pytest.mark.parametrize("mode", MODE_NAMES)
@settings(max_examples=1000)
@given(data=st.data())
def test_every_mode_decides_so_in_a_thousand_visits(mode: str, data: st.DataObject) -> None:
    decides_as_the_straight_line(mode, data)


def decides_as_the_straight_line(mode: str, data: st.DataObject) -> None:
    script = data.draw(visits(mode))
    showing = played(script)
    found = (showing.verdict.reason.code, showing.verdict.duress) if showing.verdict else (None, False)
    assert found == mode_oracle.decision(script, mode)


SHOWN: dict[str, list[ShowingEvent | Broken]] = {
    "face": timed([frame(0.0, HOLDER)] * 3, [0.1] * 3),
    "pin": timed([keys("0123#")], [1.0]),
}
ENOUGH: dict[str, list[set[str]]] = {
    "badge": [set()],
    "badge+face": [{"face"}],
    "badge+pin": [{"pin"}],
    "badge+face+pin": [{"face", "pin"}],
    "badge+face-or-pin": [{"face"}, {"pin"}],
}


@pytest.mark.parametrize("mode", MODE_NAMES)
@pytest.mark.parametrize("shown", [(), ("face",), ("pin",), ("face", "pin")], ids=str)
@pytest.mark.parametrize("has_badge", [True, False])
def test_grant_needs_all_that_its_mode_demands(mode: str, shown: tuple[str, ...], has_badge: bool) -> None:
    script: list[ShowingEvent | Broken] = [event for name in sorted(shown) for event in SHOWN[name]]
    before: list[ShowingEvent | Broken] = [claimed(mode)] if has_badge else []
    granted = is_granted(played([*before, *script, TimePassed(AT + 40.0)]))
    assert granted == (has_badge and any(one <= set(shown) for one in ENOUGH[mode]))


@pytest.mark.parametrize("mode", MODE_NAMES)
@given(similarity=st.floats(-1, 1), other=st.floats(-1, 1))
def test_every_mode_is_monotone_in_the_similarity(mode: str, similarity: float, other: float) -> None:
    low, high = sorted((similarity, other))
    assert judged(mode, low) <= judged(mode, high)


def judged(mode: str, similarity: float) -> bool:
    """Whether a face of this similarity and a right PIN are granted."""
    showing = played([claimed(mode)])
    for event in (*SHOWN["face"], *SHOWN["pin"]):
        assert not isinstance(event, Broken)
        showing = checked(hear(showing, event))
        if showing.awaits_comparison and showing.claim is not None:
            evidence = Evidence(similarity, 0.9, 3, 1)
            showing = hear(showing, Compared(showing.at, showing.track, showing.claim, evidence))
    return is_granted(showing)


@pytest.mark.parametrize("mode", [name for name in MODE_NAMES if "pin" in name])
@given(data=st.data())
def test_right_taken_away_never_grants(mode: str, data: st.DataObject) -> None:
    """The same visit where the rules say no, the badge was revoked, or a factor counts no more."""
    script = data.draw(visits(mode))
    less = [
        replace(claimed(mode), claim=None),
        replace(claimed(mode), claim=replace(CLAIM, revoked=True)),
        replace(claimed(mode), claim=replace(CLAIM, suspended=True)),
        replace(claimed(mode), ruling=Ruling(reason=Reason.OUTSIDE_SCHEDULE)),
    ]
    assert not any(is_granted(played([one, *script[1:]])) for one in less)


WHOLE_PINS: list[ShowingEvent | Broken] = [*[keys("0123#")] * 2, keys("9999#"), keys("*"), keys("12#")]
WHOLE = st.sampled_from([*FACES, *WHOLE_PINS])


@pytest.mark.parametrize("mode", ["badge+pin", "badge+face+pin", "badge+face-or-pin"])
@given(data=st.data())
def test_duress_is_seen_by_nothing_outside(mode: str, data: st.DataObject) -> None:
    """Verdict, time, prompts and reason are those of the ordinary PIN."""
    usual = data.draw(visits(mode, WHOLE))
    forced = [replace(one, keys=one.keys.replace("0123", "7777")) if isinstance(one, KeyPress) else one
              for one in usual]  # fmt: skip
    assert outside(usual) == outside(forced)
    assert not under_duress(usual)
    assert under_duress(forced) or not is_granted_by_pin(forced)


def under_duress(script: Script) -> bool:
    verdict = played(script).verdict
    return verdict is not None and verdict.duress


def is_granted_by_pin(script: Script) -> bool:
    verdict = played(script).verdict
    return verdict is not None and verdict.reason is Reason.PIN


def outside(script: Script) -> list[object]:
    showing, seen = begun(BADGE_OF_ADA, TERMS, door=DoorState.LOCKED, now=AT), list[object]()
    for event in script:
        assert not isinstance(event, Broken)
        showing = checked(answered(hear(showing, event), is_broken=False))
        verdict = showing.verdict
        seen.append((showing.prompt, showing.at, verdict and (verdict.outcome, verdict.reason)))
    return seen


@pytest.mark.parametrize("typed", ["0123#", "9999#", "12#", "7777#"])
def test_wrong_pin_before_a_face_is_not_refused_early(typed: str) -> None:
    """With a stolen badge and no face, what was typed makes no difference that can be seen."""
    script = [claimed("badge+face+pin"), *timed([keys(typed), TimePassed(0.0)], [1.0, 13.0])]
    assert played(script).verdict is None
    over = played([*script, TimePassed(AT + 15.0)])
    assert over.verdict is not None
    assert not over.verdict.granted


@pytest.mark.parametrize(("typed", "reason"), [("0123#", "match"), ("7777#", "match"), ("9999#", "pin-wrong")])
def test_wrong_pin_is_refused_when_a_right_one_is_granted(typed: str, reason: str) -> None:
    showing = played(
        [claimed("badge+face+pin"), *timed([keys(typed), *[frame(0.0, HOLDER)] * 3], [1.0, 0.1, 0.1, 0.1])]
    )
    assert showing.verdict is not None
    assert (showing.verdict.reason.code, round(showing.at - AT, 6)) == (reason, 1.3)


def test_refused_face_counts_although_a_pin_follows() -> None:
    faces = [frame(0.0, OTHER)] * 50
    showing = played([claimed("badge+face-or-pin"), *timed([*faces, keys("0123#")], [0.04] * 50 + [5.0])])
    verdict = showing.verdict
    assert verdict is not None
    assert (verdict.reason, verdict.evidence and verdict.evidence.matches) == (Reason.PIN, False)


def test_answer_to_another_pin_counts_for_nothing() -> None:
    showing = hear(begun(BADGE_OF_ADA, TERMS, door=DoorState.LOCKED, now=AT), claimed("badge+pin"))
    asking = hear(showing, KeyPress("0123#", AT + 1.0, "outside"))
    assert asking.awaits_pin
    others = [replace(asking.entry), NOTHING_TYPED]
    assert not any(is_granted(hear(asking, PinChecked(AT + 1.1, one, PinAnswer.RIGHT))) for one in others)


def test_keys_from_before_the_badge_do_not_count() -> None:
    showing = hear(begun(BADGE_OF_ADA, TERMS, door=DoorState.LOCKED, now=AT), claimed("badge+pin"))
    early = hear(hear(showing, KeyPress("01", AT - 0.1, "outside")), KeyPress("0123#", AT + 0.1, "outside"))
    assert early.entry.digits == "0123"


def test_pin_needs_no_references() -> None:
    bare = replace(claimed("badge+pin"), claim=replace(CLAIM, references=CLAIM.references[:0]))
    assert is_granted(played([bare, *SHOWN["pin"]]))


@pytest.mark.parametrize("factor", [Factor.FACE, Factor.PIN])
@pytest.mark.parametrize("mode", ["badge+face+pin", "badge+face-or-pin"])
def test_factor_that_counts_no_more_is_refused_or_replaced(mode: str, factor: Factor) -> None:
    reason = Reason.FACE_DISABLED if factor is Factor.FACE else Reason.PIN_DISABLED
    bars = Bars(face=reason) if factor is Factor.FACE else Bars(pin=reason)
    at_once = played([replace(claimed(mode), bars=bars)])
    if mode == "badge+face+pin":
        assert at_once.verdict is not None
        assert at_once.verdict.reason is reason
    else:
        other = SHOWN["pin"] if factor is Factor.FACE else SHOWN["face"]
        assert (at_once.verdict, is_granted(played([replace(claimed(mode), bars=bars), *other]))) == (None, True)


@pytest.mark.parametrize("mode", [name for name in MODE_NAMES if "pin" in name])
@given(data=st.data())
def test_disabled_pin_is_never_shown_whatever_is_typed(mode: str, data: st.DataObject) -> None:
    """Also where a face that matches closely resets it: that is for the next transaction."""
    for invited in (False, True):
        barred = replace(claimed(mode), bars=Bars(pin=Reason.PIN_DISABLED), is_invited=invited)
        verdict = played([barred, *data.draw(visits(mode))[1:]]).verdict
        assert verdict is None or Factor.PIN not in verdict.shown


@given(data=st.data())
def test_invitation_takes_no_passage_away(data: st.DataObject) -> None:
    """Where the face alone is enough, what is typed besides refuses no one, and opens nothing without the face."""
    script = data.draw(visits("badge+face"))
    invited = replace(claimed("badge+face"), is_invited=True, claim=replace(CLAIM, has_pin=True))
    usual, with_it = played(script).verdict, played([invited, *script[1:], TimePassed(AT + 90.0)]).verdict
    assert with_it is not None
    if with_it.granted:
        assert Factor.FACE in with_it.shown
    if usual is not None and usual.granted and not any(isinstance(one, KeyPress) for one in script):
        assert with_it.granted
