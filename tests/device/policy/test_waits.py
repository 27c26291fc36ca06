"""After two presentation attacks in a row with one badge its next try waits, also over a restart; others never do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.policy.waits import Tries, Waits, tries_in
from device.records import AuditRow, Credential, Decision, Event, Evidence, Outcome, Reason

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BADGE, OTHER = Credential("h10301", 17, 1), Credential("h10301", 17, 2)
GRANTED = Decision(Reason.MATCH, Outcome.GRANTED, Evidence(1.0, 0.5, 3, 1))
ATTACK, NO_TURN, NON_MATCH, WAITED = (
    Decision(reason)
    for reason in (Reason.PRESENTATION_ATTACK, Reason.TURN_NOT_MADE, Reason.NON_MATCH, Reason.WAIT_AFTER_ATTACK)
)
decisions = st.lists(
    st.tuples(st.floats(0.1, 40), st.sampled_from([ATTACK, ATTACK, NO_TURN, NON_MATCH, WAITED, GRANTED])), max_size=12
)


def after(*what: Decision, badge: Credential = BADGE) -> Waits:
    """One of them each second, the last one at 100."""
    waits = Waits()
    for number, decision in enumerate(what, 1):
        waits.decided(badge, decision, 100.0 - len(what) + number)
    return waits


@pytest.mark.parametrize(("at", "waits"), [(100.0, True), (129.9, True), (130.0, False)])
def test_try_after_two_attacks_waits_until_30_s_after_the_last(at: float, waits: bool) -> None:
    assert after(ATTACK, NO_TURN).has_to_wait(BADGE, at) is waits


@pytest.mark.parametrize(
    ("what", "waits"),
    [
        ((ATTACK,), False),
        ((ATTACK, NON_MATCH, ATTACK), True),
        ((ATTACK, GRANTED, ATTACK), False),
        ((ATTACK, ATTACK, GRANTED), False),
        ((ATTACK, ATTACK, WAITED), True),
        ((NON_MATCH, NON_MATCH, NON_MATCH), False),
    ],
)
def test_a_grant_alone_ends_the_row(what: tuple[Decision, ...], waits: bool) -> None:
    assert after(*what).has_to_wait(BADGE, 101.0) is waits


def test_other_badges_never_wait() -> None:
    assert not after(ATTACK, ATTACK, ATTACK).has_to_wait(OTHER, 100.0)


def row(decision: Decision, at: datetime) -> AuditRow:
    return AuditRow(1, at, Event.DECISION, "17:1", outcome=decision.outcome, reason=decision.reason, waited_s=2.0)


@given(decisions, st.floats(0, 60))
def test_wait_is_the_same_over_a_restart(what: list[tuple[float, Decision]], later_s: float) -> None:
    waits, rows, at = Waits(), [], 1000.0
    for pause_s, decision in what:
        at += pause_s
        waits.decided(BADGE, decision, at)
        rows.append(row(decision, NOON + timedelta(seconds=at - 2.0)))
    again = Waits()
    again.remember(BADGE, tries_in(rows[::-1], NOON + timedelta(seconds=at + later_s)), 50.0)
    assume(all(abs(later_s + ago - 30.0) > 1e-3 for ago in ago_of(what)))  # the audit's times are of microseconds
    assert again.has_to_wait(BADGE, 50.0) is waits.has_to_wait(BADGE, at + later_s)


def ago_of(what: list[tuple[float, Decision]]) -> list[float]:
    """How long each was before the last of them."""
    times, at = [], 0.0
    for pause_s, _ in what:
        at += pause_s
        times.append(at)
    return [at - each for each in times]


def test_clock_that_was_set_back_makes_the_wait_no_longer() -> None:
    waits = Waits()
    rows = [row(ATTACK, NOON), row(ATTACK, NOON - timedelta(seconds=9))]
    waits.remember(BADGE, tries_in(rows, NOON - timedelta(days=300)), 50.0)
    assert [waits.has_to_wait(BADGE, at) for at in (50.0, 79.9, 80.0)] == [True, True, False]


def test_what_is_known_since_the_start_is_not_overwritten() -> None:
    waits = after(GRANTED)
    waits.remember(BADGE, Tries(5, 0.0), 100.0)
    assert not waits.has_to_wait(BADGE, 100.0)
