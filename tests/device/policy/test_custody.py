"""Two people for one passage, against an oracle written apart."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.custody import Approval, Awaited, Custody, Pair, Recognized, recognized
from device.records import Reason

DUAL = Custody(is_dual=True)
ESCORT = Custody(visitors="visitors", hosts="staff")
NONE = frozenset[str]()


def person(number: int, badge_at: float, *groups: str) -> Recognized:
    """With a verdict a second after the badge."""
    return Recognized(number, frozenset(groups), badge_at, badge_at + 1.0)


def ended(custody: Custody, *people: Recognized) -> Awaited | Pair | None:
    """What comes of the last of them."""
    waiting: Awaited | None = None
    result: Awaited | Pair | None = None
    for one in people:
        result = recognized(custody, waiting, one)
        waiting = result if isinstance(result, Awaited) else None
    return result


@pytest.mark.parametrize(("after_s", "pairs"), [(0.0, True), (14.9, True), (15.0, True), (15.1, False)])
def test_second_badge_counts_for_fifteen_seconds(after_s: float, pairs: bool) -> None:
    assert isinstance(ended(DUAL, person(1, 0.0), person(2, 1.0 + after_s)), Pair) is pairs


def test_turn_of_the_second_takes_nothing_of_the_time() -> None:
    slow = Recognized(2, NONE, badge_at=15.0, verdict_at=27.0)
    assert isinstance(ended(DUAL, person(1, 0.0), slow), Pair)


def test_one_person_with_two_badges_is_one_person() -> None:
    assert ended(DUAL, person(1, 0.0), person(1, 3.0)) == Awaited(person(1, 3.0), Reason.SECOND_AWAITED)


def test_second_badge_from_before_the_first_verdict_does_not_count() -> None:
    assert isinstance(ended(DUAL, person(1, 0.0), person(2, 0.5)), Awaited)


def test_pair_names_both_in_their_order() -> None:
    assert ended(DUAL, person(1, 0.0), person(2, 3.0)) == Pair(person(1, 0.0), person(2, 3.0))


def test_after_a_pair_the_next_person_waits_again() -> None:
    assert isinstance(ended(DUAL, person(1, 0.0), person(2, 3.0), person(3, 5.0)), Awaited)


def test_door_without_custody_lets_one_person_pass() -> None:
    assert ended(Custody(), person(1, 0.0)) is None


def test_visitor_alone_opens_nothing() -> None:
    assert ended(ESCORT, person(1, 0.0, "visitors")) == Awaited(person(1, 0.0, "visitors"), Reason.HOST_AWAITED)


def test_visitor_comes_in_with_a_host() -> None:
    assert isinstance(ended(ESCORT, person(1, 0.0, "visitors"), person(2, 3.0, "staff")), Pair)


@pytest.mark.parametrize("groups", [(), ("visitors",), ("visitors", "staff")])
def test_not_everyone_is_a_host(groups: tuple[str, ...]) -> None:
    assert not isinstance(ended(ESCORT, person(1, 0.0, "visitors"), person(2, 3.0, *groups)), Pair)


def test_host_alone_passes_as_ever() -> None:
    assert ended(ESCORT, person(2, 0.0, "staff")) is None


def test_host_first_does_not_bring_a_visitor_in() -> None:
    assert isinstance(ended(ESCORT, person(2, 0.0, "staff"), person(1, 3.0, "visitors")), Awaited)


@pytest.mark.parametrize(
    ("approval", "first", "last", "pairs"),
    [
        (Approval.ONE, ("chiefs",), (), True),
        (Approval.ONE, (), ("chiefs",), True),
        (Approval.ONE, (), (), False),
        (Approval.LAST, ("chiefs",), (), False),
        (Approval.LAST, (), ("chiefs",), True),
    ],
)
def test_approver_is_one_of_them_or_the_last(
    approval: Approval, first: tuple[str, ...], last: tuple[str, ...], pairs: bool
) -> None:
    custody = Custody(is_dual=True, approvers="chiefs", approval=approval)
    assert isinstance(ended(custody, person(1, 0.0, *first), person(2, 3.0, *last)), Pair) is pairs


@dataclass
class Oracle:
    """The rules again, in other words: a list of those who wait."""

    custody: Custody
    first: Recognized | None = None

    def opens(self, now: Recognized) -> bool:
        first, self.first = self.first, None
        if not self.custody.is_dual and "visitors" not in now.groups and first is None:
            return False
        if first is not None:
            on_time = 0.0 <= now.badge_at - first.verdict_at <= 15.0
            other = now.person_id != first.person_id
            hosted = "visitors" not in first.groups or "staff" in now.groups
            approved = not self.custody.is_dual or "chiefs" in first.groups | now.groups
            if on_time and other and hosted and approved and "visitors" not in now.groups:
                return True
        self.first = now if self.custody.is_dual or "visitors" in now.groups else None
        return False


comers = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from([0.5, 1.0, 3.0, 14.9, 15.9, 16.0, 16.1]),
        st.sets(st.sampled_from(["visitors", "staff", "chiefs"])),
    ),
    max_size=8,
)


@given(comers, st.booleans())
def test_pairs_are_those_of_the_oracle(people: list[tuple[int, float, set[str]]], is_dual: bool) -> None:
    custody = Custody(is_dual=is_dual, approvers="chiefs" if is_dual else "", visitors="visitors", hosts="staff")
    oracle, waiting, at = Oracle(custody), None, 0.0
    for number, pause_s, groups in people:
        at += pause_s
        now = person(number, at, *groups)
        result = recognized(custody, waiting, now)
        assert isinstance(result, Pair) is oracle.opens(now)
        assert (result is None) == (not is_dual and oracle.first is None and not isinstance(result, Pair))
        waiting = result if isinstance(result, Awaited) else None
