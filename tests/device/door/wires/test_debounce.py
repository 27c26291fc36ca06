"""When a wire's change counts: only what lasted, and what never rests on a supervised wire is damage."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.door.wires.debounce import Settling
from device.records import Line
from tests.nearly import nearly

RESTLESS_S = 1.0

DEBOUNCE_S = 0.05
lines = st.sampled_from(Line)
pauses = st.floats(0, 0.2)
happenings = st.lists(st.tuples(pauses, lines), max_size=60)


def run(settling: Settling, happenings: list[tuple[float, Line]], *, until_s: float = 0.0) -> list[tuple[float, Line]]:
    """Has a wire say one thing after another, and settles it whenever it is due; (when, what) counted."""
    counted, now = [], 0.0

    def settle(end: float) -> None:
        while (due := settling.due()) is not None and due <= end:
            if settling.settle(due):
                counted.append((due, settling.line))

    for pause, line in happenings:
        settle(now + pause)
        now += pause
        settling.see(line, now)
    settle(now + until_s)
    return counted


def test_change_counts_when_it_has_lasted() -> None:
    counted = run(Settling(Line.QUIET, DEBOUNCE_S), [(1.0, Line.ACTIVE)], until_s=1.0)
    assert counted == [(nearly(1.0 + DEBOUNCE_S), Line.ACTIVE)]


def test_change_that_ends_early_does_not_count() -> None:
    assert run(Settling(Line.QUIET, DEBOUNCE_S), [(1.0, Line.ACTIVE), (0.04, Line.QUIET)], until_s=1.0) == []


def test_bounces_begin_anew() -> None:
    bounces = [(1.0, Line.ACTIVE), (0.04, Line.QUIET), (0.04, Line.ACTIVE)]
    counted = run(Settling(Line.QUIET, DEBOUNCE_S), bounces, until_s=1.0)
    assert counted == [(nearly(1.08 + DEBOUNCE_S), Line.ACTIVE)]


def test_without_debouncing_a_change_counts_at_once() -> None:
    settling = Settling(Line.QUIET, 0.0)
    settling.see(Line.ACTIVE, 1.0)
    assert (settling.due(), settling.settle(1.0), settling.line) == (1.0, True, Line.ACTIVE)


def test_nothing_is_due_at_rest() -> None:
    settling = Settling(Line.QUIET, DEBOUNCE_S)
    settling.see(Line.QUIET, 1.0)
    assert settling.due() is None


def test_late_look_counts_all_the_same() -> None:
    settling = Settling(Line.QUIET, DEBOUNCE_S)
    settling.see(Line.ACTIVE, 1.0)
    assert settling.settle(100.0)


@given(happenings)
def test_it_settles_at_what_the_wire_said_last(happenings: list[tuple[float, Line]]) -> None:
    settling = Settling(Line.QUIET, DEBOUNCE_S)
    run(settling, happenings, until_s=1.0)
    assert settling.line is ([Line.QUIET] + [line for _, line in happenings])[-1]


@given(happenings, st.booleans())
def test_what_counts_has_lasted_or_is_damage(happenings: list[tuple[float, Line]], supervised: bool) -> None:
    """The lines as a function of time, looked up for the whole of what a change has to last."""
    since, now = [(-math.inf, Line.QUIET)], 0.0
    for pause, line in happenings:
        now += pause
        if line is not since[-1][1]:
            since.append((now, line))
    for when, line in run(Settling(Line.QUIET, DEBOUNCE_S, supervised=supervised), happenings, until_s=3.0):
        began, said = [change for change in since if change[0] < when][-1]
        assert (said is line and when - began >= DEBOUNCE_S - 1e-9) or (supervised and line is Line.CUT)


@given(happenings, st.booleans())
def test_nothing_counts_twice(happenings: list[tuple[float, Line]], supervised: bool) -> None:
    counted = [
        line for _, line in run(Settling(Line.QUIET, DEBOUNCE_S, supervised=supervised), happenings, until_s=3.0)
    ]
    assert all(one is not next_one for one, next_one in zip([Line.QUIET, *counted], counted, strict=False))


@given(st.lists(st.tuples(st.floats(0, 2), lines), max_size=30), st.lists(st.floats(0, 2)), st.floats(0, 1))
def test_settling_ends(happenings: list[tuple[float, Line]], looks: list[float], debounce_s: float) -> None:
    """However late somebody looks, a wire that is not due any more stays so: no thread turns in circles."""
    settling, now = Settling(Line.QUIET, debounce_s, supervised=True), 0.0
    for pause, line in happenings:
        now += pause
        settling.see(line, now)
        now += looks.pop() if looks else 0.0
        for _ in range(3):
            settling.settle(now)
        due = settling.due()
        assert due is None or due > now


def chatter(seconds: float, *said: Line) -> list[tuple[float, Line]]:
    """A loose contact: every 20 ms something else."""
    return [(0.02, said[number % len(said)]) for number in range(round(seconds / 0.02))]


@pytest.mark.parametrize("said", [(Line.ACTIVE, Line.QUIET), (Line.CUT, Line.SHORT), (Line.SHORT, Line.ACTIVE)])
def test_supervised_wire_that_never_rests_is_damaged(said: tuple[Line, Line]) -> None:
    settling = Settling(Line.QUIET, DEBOUNCE_S, supervised=True)
    assert run(settling, chatter(5.0, *said)) == [(nearly(0.02 + RESTLESS_S), Line.CUT)]


def test_contact_alone_that_never_rests_stays_what_it_was() -> None:
    assert run(Settling(Line.QUIET, DEBOUNCE_S), chatter(5.0, Line.ACTIVE, Line.QUIET)) == []


def test_damaged_wire_that_rests_is_whole_again() -> None:
    settling = Settling(Line.QUIET, DEBOUNCE_S, supervised=True)
    run(settling, chatter(5.0, Line.ACTIVE, Line.QUIET), until_s=1.0)
    assert settling.line is Line.QUIET


def test_rare_bounces_are_no_damage() -> None:
    settling = Settling(Line.QUIET, DEBOUNCE_S, supervised=True)
    assert run(settling, [(0.1, Line.ACTIVE), (0.01, Line.QUIET)] * 100) == []


def test_long_debouncing_is_no_damage() -> None:
    settling = Settling(Line.QUIET, 1.0, supervised=True)
    bounces = [(1.0, Line.ACTIVE), (0.01, Line.QUIET), (0.01, Line.ACTIVE)]
    assert run(settling, bounces, until_s=5.0) == [(nearly(2.02), Line.ACTIVE)]


def test_wire_rests_from_the_moment_its_change_may_count() -> None:
    settling = Settling(Line.QUIET, 0.5)
    settling.see(Line.ACTIVE, 1.0)
    settling.settle(1.5)
    settling.see(Line.QUIET, 2.0)
    settling.see(Line.ACTIVE, 2.1)
    assert not settling.is_at_rest(2.59)
    assert settling.is_at_rest(2.6)


@pytest.mark.parametrize(("debounce_s", "damaged_at"), [(0.05, 1.0), (0.25, 1.0), (0.5, 2.0)])
def test_supervised_wire_has_four_debounce_times_to_rest(debounce_s: float, damaged_at: float) -> None:
    settling = Settling(Line.QUIET, debounce_s, supervised=True)
    flaps = [(debounce_s / 2, (Line.ACTIVE, Line.QUIET)[number % 2]) for number in range(60)]
    first = flaps[0][0]
    counted = run(settling, flaps)
    assert counted[0] == (nearly(first + damaged_at), Line.CUT)
