"""What `lintel explain` says of tries: which it was in a row, and when the next one counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.attempts import FEW, MORE, Limits, counted
from device.policy.tried import tried_until, tries_in_words
from device.records import NO_FAILURES, AuditRow, Event, Factor, Outcome, Reason

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
BADGE = "17:1001"
KINDS: dict[str, tuple[dict[str, object], set[Factor], set[Factor]]] = {
    "other face": ({"reason": Reason.NON_MATCH, "similarity": 0.2, "threshold": 0.9}, {Factor.FACE}, set()),
    "attack": ({"reason": Reason.PRESENTATION_ATTACK, "similarity": 0.95, "threshold": 0.9}, {Factor.FACE}, set()),
    "no face": ({"reason": Reason.NO_FACE}, set(), set()),
    "wrong PIN": ({"reason": Reason.PIN_WRONG, "mode": "badge+pin"}, {Factor.PIN}, set()),
    "face": (
        {"reason": Reason.MATCH, "outcome": Outcome.GRANTED, "similarity": 0.95, "threshold": 0.9},
        set(),
        {Factor.FACE},
    ),
    "PIN": ({"reason": Reason.PIN, "outcome": Outcome.GRANTED, "mode": "badge+pin"}, set(), {Factor.PIN}),
}


def row(number: int, **values: object) -> AuditRow:
    at = AT + timedelta(seconds=100 * number)
    found = {"outcome": Outcome.DENIED, "badge": BADGE, "event": Event.DECISION, **values}
    return AuditRow(number, at, **found)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=40))
def test_rows_tell_what_the_counters_said(kinds: list[str]) -> None:
    """For all visits whose rows say what was tried."""
    expected, rows = NO_FAILURES, []
    for number, kind in enumerate(kinds, 1):
        values, failed, used = KINDS[kind]
        rows.append(row(number, **values))
        expected = counted(expected, failed=frozenset(failed), used=frozenset(used))
    found = tried_until(rows, len(rows), BADGE).failures
    assert (found.face, found.pin) == (expected.face, expected.pin)


def faces(count: int) -> list[AuditRow]:
    return [row(number, **KINDS["other face"][0]) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("count", "limits", "end"),
    [
        (1, FEW, "The next face counts at once."),
        (5, FEW, "The next face counts from 2026-11-30 12:08:50 UTC on."),
        (6, FEW, "The next face counts from 2026-11-30 12:11:00 UTC on."),
        (9, MORE, "The next face counts at once."),
        (50, FEW, "No face counts until `lintel badges reset 17:1001`."),
        (50, MORE, "The next face counts from 2026-11-30 13:38:20 UTC on."),
    ],
)
def test_next_try_is_told_with_its_time(count: int, limits: Limits, end: str) -> None:
    tried = tried_until(faces(count), count, BADGE)
    said = tries_in_words(tried, Reason.NON_MATCH, BADGE, limits)
    assert said.startswith(
        f"{count} failed face{'s' * (count > 1)} in a row with this badge; from {limits.waits_after}"
    )
    assert said.endswith(end)


def test_tenth_pin_is_told_as_the_last() -> None:
    rows = [row(number, **KINDS["wrong PIN"][0]) for number in range(1, 11)]
    said = tries_in_words(tried_until(rows, 10, BADGE), Reason.PIN_WRONG, BADGE)
    assert said.endswith("No PIN counts until `lintel badges reset 17:1001`, or a new PIN.")


@pytest.mark.parametrize("event", [Event.BADGE_RESET, Event.PIN_GIVEN, Event.PIN_RESET_BY_FACE])
def test_reset_begins_the_pins_again(event: Event) -> None:
    rows = [row(1, **KINDS["wrong PIN"][0]), row(2, event=event), row(3, **KINDS["wrong PIN"][0])]
    assert [tried_until(rows, number, BADGE).failures.pin for number in (1, 2, 3)] == [1, 0, 1]


def test_rows_of_another_badge_and_later_ones_do_not_count() -> None:
    rows = [row(1, **{**KINDS["other face"][0], "badge": "17:9"}), *faces(3)[1:]]
    assert tried_until(rows, 2, BADGE).failures.face == 1


def test_other_refusals_say_nothing_of_tries() -> None:
    assert tries_in_words(tried_until([], 1, BADGE), Reason.NO_FACE, BADGE) == ""
