"""Laws of rules: taking a right away never grants, and a clock in doubt never gives more than one that is sure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from device.policy.demands import is_weaker
from device.policy.rules import Action, Asked, ClockRule, Rule, Rules, ScheduledLock, Who, ruling
from device.policy.schedules import Schedule, Window
from device.records import MODES, ClockState, Person, Ruling, Validity

GROUPS, DOORS, NAMES = ("staff", "guests"), ("main", "back"), ("Ada", "Bob")
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
SCHEDULES = {
    "day": Schedule("day", ZoneInfo("Europe/Berlin"), ((Window(480, 1080),),) * 7),
    "late": Schedule("late", ZoneInfo("America/New_York"), ((Window(600, 1560),),) * 7),
}

times = st.integers(0, 48).map(lambda hours: MONDAY + timedelta(hours=hours))
validities = st.tuples(st.none() | times, st.none() | times).map(
    lambda ends: Validity(ends[0], ends[1]) if None in ends or ends[0] < ends[1] else Validity(ends[1])  # type: ignore[operator]
)
people = st.builds(
    Who, st.booleans(), st.frozensets(st.sampled_from(GROUPS), max_size=2), st.frozensets(st.sampled_from(NAMES))
)
doors = st.none() | st.frozensets(st.sampled_from(DOORS), min_size=1)
schedules = st.sampled_from(("always", *SCHEDULES))
modes = st.sampled_from(sorted(MODES.values(), key=str))


def _rule(action: Action) -> st.SearchStrategy[Rule]:
    return st.builds(Rule, st.just("r"), st.just(action), people, doors, schedules, st.none() | modes)


locks = st.builds(ScheduledLock, st.just("l"), doors, schedules, st.frozensets(st.sampled_from(GROUPS)))
all_rules = st.builds(
    lambda rules, shut: Rules(tuple(rules), SCHEDULES, (), tuple(shut)),
    st.lists(st.sampled_from(Action).flatmap(_rule), max_size=6),
    st.lists(locks, max_size=1),
)
questions = st.builds(
    Asked,
    st.sampled_from(DOORS),
    st.sampled_from([Person(number, name) for number, name in enumerate(NAMES)]),
    times,
    st.frozensets(st.sampled_from(GROUPS)),
    validities,
    validities,
    modes,
    st.sampled_from(ClockState),
    st.none() | times,
    st.sampled_from(ClockRule),
)


def is_no_more(less: Ruling, than: Ruling) -> bool:
    """Whether a ruling grants nothing that another does not."""
    if less.mode is None:
        return True
    return than.mode is not None and not is_weaker(less.mode, than.mode) and _is_comparable(less, than)


def _is_comparable(less: Ruling, than: Ruling) -> bool:
    assert less.mode is not None
    assert than.mode is not None
    return is_weaker(than.mode, less.mode) or less.mode == than.mode


@given(all_rules, questions, st.data())
def test_without_one_allow_rule_nothing_more_is_granted(rules: Rules, asked: Asked, data: st.DataObject) -> None:
    allow = [rule for rule in rules.rules if rule.action is Action.ALLOW]
    gone = data.draw(st.sampled_from([*allow, None]))
    less = replace(rules, rules=tuple(rule for rule in rules.rules if rule is not gone))
    assert is_no_more(ruling(less, asked), ruling(rules, asked))


@given(all_rules, questions, _rule(Action.DENY) | _rule(Action.DEMAND))
def test_another_deny_or_demand_rule_grants_nothing_more(rules: Rules, asked: Asked, added: Rule) -> None:
    more = replace(rules, rules=(*rules.rules, added))
    assert is_no_more(ruling(more, asked), ruling(rules, asked))


@given(all_rules, questions, locks)
def test_another_lock_grants_nothing_more(rules: Rules, asked: Asked, lock: ScheduledLock) -> None:
    assert is_no_more(ruling(replace(rules, locks=(*rules.locks, lock)), asked), ruling(rules, asked))


@given(all_rules, questions)
def test_a_group_that_only_allows_grants_nothing_by_leaving(rules: Rules, asked: Asked) -> None:
    allow = tuple(rule for rule in rules.rules if rule.action is Action.ALLOW)
    ours = replace(rules, rules=allow)
    assert is_no_more(ruling(ours, replace(asked, groups=frozenset())), ruling(ours, asked))


@given(all_rules, questions, validities)
def test_a_shorter_validity_grants_nothing_more(rules: Rules, asked: Asked, valid: Validity) -> None:
    assert is_no_more(ruling(rules, replace(asked, valid=valid)), ruling(rules, replace(asked, valid=Validity())))


@given(all_rules, questions)
def test_a_clock_in_doubt_grants_nothing_more(rules: Rules, asked: Asked) -> None:
    doubtful = ruling(rules, replace(asked, clock=ClockState.UNTRUSTED))
    for at in (asked.at, asked.at if asked.marked is None else asked.marked):
        if asked.clock_rule is not ClockRule.DENY:
            assert is_no_more(doubtful, ruling(rules, replace(asked, at=at, clock=ClockState.TRUSTED)))
    assert is_no_more(doubtful, ruling(rules, replace(asked, clock=ClockState.TRUSTED)))


@given(all_rules, questions)
def test_demanding_less_of_the_clock_denies_no_one_more(rules: Rules, asked: Asked) -> None:
    strict, pin, ignore = (ruling(rules, replace(asked, clock_rule=rule)) for rule in ClockRule)
    assert is_no_more(pin, ignore)
    assert is_no_more(strict, ignore)


@given(all_rules, questions)
def test_order_of_rules_changes_no_mode_and_no_refusal(rules: Rules, asked: Asked) -> None:
    there, back = ruling(rules, asked), ruling(replace(rules, rules=rules.rules[::-1]), asked)
    assert (there.mode, there.reason) == (back.mode, back.reason)


@given(all_rules, questions)
def test_the_way_out_is_always_free(rules: Rules, asked: Asked) -> None:
    assert ruling(rules, replace(asked, is_way_out=True)).mode == MODES["badge"]
