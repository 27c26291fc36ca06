"""How often one may try: waits and ends by badge and factor; a badge is never held up by what others do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.attempts import FEW, MORE, Attempts, LastFailures, Limits, ReaderPace, counted, failed_by, wait_s
from device.records import NO_FAILURES, Credential, Decision, Factor, Failures, Reason

FACE, PIN, NEITHER = frozenset({Factor.FACE}), frozenset({Factor.PIN}), frozenset[Factor]()
B, OTHER = Credential("h10301", 17, 1), Credential("h10301", 17, 2)
tries = st.lists(st.sampled_from([FACE, PIN, NEITHER]), max_size=150)


def failed(factor: frozenset[Factor], times: int, limits: Limits = FEW) -> Attempts:
    """After that many failures, the last at 100."""
    attempts = Attempts(limits=limits)
    for _ in range(times):
        attempts = attempts.after(failed=factor, now=100.0)
    return attempts


@pytest.mark.parametrize(
    ("failures", "waited_s"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (11, 900), (49, 900), (10**6, 900)],
)
def test_wait_doubles_from_30_s_to_15_min(failures: int, waited_s: float) -> None:
    assert wait_s(failures) == waited_s


@pytest.mark.parametrize(("failures", "waited_s"), [(9, 0), (10, 30), (15, 900), (99, 900)])
def test_door_with_shown_detection_takes_twice_as_many(failures: int, waited_s: float) -> None:
    assert wait_s(failures, MORE) == waited_s


@pytest.mark.parametrize(
    ("times", "limits", "now", "objection"),
    [
        (4, FEW, 100.0, None),
        (5, FEW, 100.0, Reason.WAIT_AFTER_FAILURES),
        (5, FEW, 129.9, Reason.WAIT_AFTER_FAILURES),
        (5, FEW, 130.0, None),
        (49, FEW, 999.9, Reason.WAIT_AFTER_FAILURES),
        (49, FEW, 1000.0, None),
        (50, FEW, 1e9, Reason.FACE_DISABLED),
        (50, MORE, 1e9, None),
        (99, MORE, 1000.0, None),
        (100, MORE, 1e9, Reason.FACE_DISABLED),
    ],
)
def test_face_waits_after_5_and_counts_no_more_after_50(
    times: int, limits: Limits, now: float, objection: Reason | None
) -> None:
    assert failed(FACE, times, limits).objection(Factor.FACE, now) is objection


@pytest.mark.parametrize(("times", "objection"), [(9, None), (10, Reason.PIN_DISABLED), (11, Reason.PIN_DISABLED)])
def test_pin_counts_no_more_after_10(times: int, objection: Reason | None) -> None:
    assert failed(PIN, times).objection(Factor.PIN, 1e9) is objection


def test_one_factor_never_holds_up_the_other() -> None:
    assert failed(FACE, 50).objection(Factor.PIN, 100.0) is None
    assert failed(PIN, 10).objection(Factor.FACE, 100.0) is None


@pytest.mark.parametrize("factor", [FACE, PIN])
def test_badge_itself_is_never_disabled(factor: frozenset[Factor]) -> None:
    assert failed(factor, 200).objection(Factor.BADGE, 100.0) is None


@pytest.mark.parametrize(
    ("used", "left"), [(FACE, Failures(0, 3, 0)), (PIN, Failures(4, 0, 0)), (FACE | PIN, NO_FAILURES)]
)
def test_grant_clears_what_it_used(used: frozenset[Factor], left: Failures) -> None:
    assert counted(Failures(4, 3, 7), failed=NEITHER, used=used) == left


def test_factor_that_was_used_and_failed_is_refused() -> None:
    with pytest.raises(ValueError, match="either used for the grant or has failed"):
        counted(NO_FAILURES, failed=PIN, used=PIN)


def test_grant_by_pin_counts_the_face_refused_before() -> None:
    assert counted(Failures(face=2, pin=3, since_grant=5), failed=FACE, used=PIN) == Failures(face=3)


@pytest.mark.parametrize(
    ("reason", "factors"),
    [
        (Reason.NON_MATCH, FACE),
        (Reason.PRESENTATION_ATTACK, FACE),
        (Reason.TURN_NOT_MADE, FACE),
        (Reason.PIN_WRONG, PIN),
        (Reason.NO_FACE, NEITHER),
        (Reason.FACE_BLURRED, NEITHER),
        (Reason.CAMERA_FAULT, NEITHER),
        (Reason.WAIT_AFTER_FAILURES, NEITHER),
        (Reason.FACE_DISABLED, NEITHER),
        (Reason.PIN_DISABLED, NEITHER),
        (Reason.PIN_MISSING, NEITHER),
        (Reason.BADGE_REVOKED, NEITHER),
    ],
)
def test_refusals_that_count(reason: Reason, factors: frozenset[Factor]) -> None:
    assert failed_by(Decision(reason)) == factors


def test_wait_begins_with_the_process_where_its_time_is_lost() -> None:
    again = LastFailures(began_at=500.0).attempts(B, Failures(face=7))
    assert again.objection(Factor.FACE, 619.9) is Reason.WAIT_AFTER_FAILURES
    assert again.objection(Factor.FACE, 620.0) is None


def test_wait_counts_from_the_last_failure_while_the_process_runs() -> None:
    times = LastFailures(began_at=500.0)
    times.failed(B, 700.0)
    assert times.attempts(B, Failures(face=5)).free_at == 730.0
    assert times.attempts(OTHER, Failures(face=5)).free_at == 530.0


@given(st.integers(5, 200), st.floats(0, 1e6), st.floats(0, 2000), st.floats(0, 2000))
def test_restart_never_shortens_a_wait(failures: int, failed_at: float, off_s: float, since_s: float) -> None:
    """The monotonic clock may begin again at 0 with the restart, `off_s` after the failure."""
    times = LastFailures(began_at=0.0)
    went_on = Attempts(Failures(face=failures), failed_at).objection(Factor.FACE, failed_at + off_s + since_s)
    restarted = times.attempts(B, Failures(face=failures)).objection(Factor.FACE, since_s)
    assert restarted is not None or went_on is None


@given(tries)
def test_counts_agree_with_those_of_a_list(what: list[frozenset[Factor]]) -> None:
    attempts = Attempts()
    for number, factors in enumerate(what):
        attempts = attempts.after(failed=factors, now=float(number))
    assert attempts.failures == Failures(what.count(FACE), what.count(PIN), len(what) - what.count(NEITHER))


@given(tries, st.floats(0, 2000))
def test_more_failures_never_help(before: list[frozenset[Factor]], later_s: float) -> None:
    """Taking a right away never grants: with one failure more there is an objection where there was one."""
    one = Attempts()
    for factors in before:
        one = one.after(failed=factors, now=100.0)
    for factor in (Factor.FACE, Factor.PIN):
        worse = one.after(failed=frozenset({factor}), now=100.0)
        objected = one.objection(factor, 100.0 + later_s)
        assert objected is None or worse.objection(factor, 100.0 + later_s) is not None


presented = st.lists(st.tuples(st.integers(2, 400), st.sampled_from([FACE, PIN, NEITHER]), st.floats(0, 60)))


@given(presented)
def test_badge_is_never_held_up_by_what_others_do(others: list[tuple[int, frozenset[Factor], float]]) -> None:
    """For all presentations of badges other than B: B counts within the same time, with each factor."""
    times, kept, now = LastFailures(began_at=0.0), dict[Credential, Failures](), 0.0
    for number, factors, pause_s in others:
        now, badge = now + pause_s, Credential("h10301", 17, number)
        kept[badge] = counted(kept.get(badge, NO_FAILURES), failed=factors)
        times.failed(badge, now)
    attempts = times.attempts(B, kept.get(B, NO_FAILURES))
    assert [attempts.objection(factor, now) for factor in Factor] == [None, None, None]


def paced(*refused_at: float) -> ReaderPace:
    pace = ReaderPace()
    for at in refused_at:
        pace = pace.refused(at)
    return pace


@pytest.mark.parametrize(
    ("refused", "every_s", "delay_s"), [(9, 1.0, 0.0), (10, 1.0, 5.0), (1_000, 0.05, 5.0), (10, 7.0, 0.0)]
)
def test_10_refusals_in_a_minute_make_a_reader_slow(refused: int, every_s: float, delay_s: float) -> None:
    last = 100.0 + refused * every_s
    assert paced(*(100.0 + number * every_s for number in range(refused))).delay_s(last) == delay_s


def test_reader_is_fast_again_after_a_minute() -> None:
    pace = paced(*map(float, range(10)))
    assert (pace.delay_s(59.9), pace.delay_s(60.0)) == (5.0, 0.0)


@given(st.lists(st.floats(0, 20), max_size=200))
def test_flood_never_makes_a_reader_slower_than_5_s(pauses: list[float]) -> None:
    pace, now = ReaderPace(), 0.0
    for pause_s in pauses:
        now += pause_s
        assert pace.delay_s(now) <= 5.0
        pace = pace.refused(now)
    assert len(pace.refused_at) <= 10
