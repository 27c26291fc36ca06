"""Who may pass when, and with what: the owner's rules, and what they say of a badge at a door at a time. Pure.

A deny rule beats every allow rule. Of allow rules any is enough, so that the weakest mode of those that hold counts;
each `demand` rule that holds adds its own. What no rule allows is denied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from device.names import name_key
from device.policy.demands import strictest, weakest
from device.policy.schedules import ALWAYS, Schedule
from device.records import (
    ALWAYS_VALID,
    BADGE,
    BADGE_AND_FACE,
    BADGE_AND_PIN,
    Claim,
    ClockState,
    Mode,
    Person,
    Reason,
    Ruling,
    Validity,
)


class Action(StrEnum):
    """What a rule does to those it is about."""

    ALLOW = "allow"
    DENY = "deny"
    DEMAND = "demand"
    """They must meet its mode besides what allows them."""


class ClockRule(StrEnum):
    """What a right that depends on the time is worth at a door that does not know the time.

    In each case it must hold by both readings of the clock.
    """

    DENY = "deny"
    """Nothing."""
    PIN = "badge+pin"
    """It counts with the PIN besides."""
    IGNORE = "ignore"
    """It counts."""


@dataclass(frozen=True, slots=True)
class Who:
    """People: all, or those of some groups and some by name."""

    everyone: bool = False
    groups: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.everyone or bool(self.groups or self.people)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `doors` are names, None for all doors; without a `mode` it is the door's own."""

    name: str
    action: Action
    who: Who
    doors: frozenset[str] | None
    schedule: str = ALWAYS
    mode: Mode | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Doors that a schedule holds released: from its beginning, or once someone of `first_in` has passed.

    Such a person may come `early_s` seconds before a window.
    """

    name: str
    doors: frozenset[str] | None
    schedule: str
    first_in: str = ""
    early_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ScheduledLock:
    """Doors that a schedule locks for everyone but the groups of `bypass`."""

    name: str
    doors: frozenset[str] | None
    schedule: str
    bypass: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LockdownPass:
    """Groups who may pass in a lockdown, at doors whose settings allow it; their rules count as ever."""

    name: str
    doors: frozenset[str] | None
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them. `person_ids` are the people whose names the rules use, as far as they were known when the rules were
    applied: a name that changes later keeps its rules, and a new person of an old name gets none.

    Raises `ValueError` for a schedule that does not exist.
    """

    rules: tuple[Rule, ...] = ()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    releases: tuple[Release, ...] = ()
    locks: tuple[ScheduledLock, ...] = ()
    passes: tuple[LockdownPass, ...] = ()
    person_ids: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        every: tuple[Rule | Release | ScheduledLock, ...] = (*self.rules, *self.releases, *self.locks)
        if unknown := sorted({one.schedule for one in every} - {ALWAYS, *self.schedules}):
            raise ValueError(f"unknown schedule {unknown[0]!r}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A badge at a door: whose, when it came, what the clock is worth, and what the door's settings say.

    `marked` is the newest time that is known for sure, the clock's other reading while it is untrusted.
    """

    door: str
    person: Person
    at: datetime
    groups: frozenset[str] = frozenset()
    """By `group_keys`, as in all rules."""
    valid: Validity = ALWAYS_VALID
    badge_valid: Validity = ALWAYS_VALID
    mode: Mode = BADGE_AND_FACE
    clock: ClockState = ClockState.TRUSTED
    marked: datetime | None = None
    clock_rule: ClockRule = ClockRule.DENY
    is_way_out: bool = False
    """At an exit reader whose way out is free."""


def asked_of(claim: Claim, door: str, at: datetime) -> Asked:
    """What there is to ask of a badge that someone holds."""
    return Asked(door, claim.person, at, group_keys(claim.groups), claim.valid, claim.badge_valid)


def group_keys(names: Iterable[str]) -> frozenset[str]:
    """Groups as rules compare them: a name is that of one group however it is typed."""
    return frozenset(map(name_key, names))


def ruling(rules: Rules | None, asked: Asked) -> Ruling:
    """What a badge needs, or why nothing helps. Without rules its holder may pass at any time with the door's mode.

    Nothing here refuses a badge on the way out. While the clock is untrusted the stricter of both readings counts.
    """
    if asked.is_way_out:
        return Ruling(mode=BADGE)
    by_the_clock = _ruled(rules, asked, _Times((asked.at,)))
    if asked.clock is not ClockState.UNTRUSTED:
        return by_the_clock
    return _ruled_without_a_clock(rules, asked, by_the_clock)


def lock_on(rules: Rules, door: str, readings: tuple[datetime, ...]) -> ScheduledLock | None:
    """The scheduled lock that holds at a door by any of some readings of the clock."""
    return next(iter(_locks(rules, door, _Times(readings))), None)


def leads(rules: Rules, door: str, groups: frozenset[str]) -> bool:
    """Whether someone of these groups is waited for by a first-in release of a door."""
    return any(one.first_in in groups for one in rules.releases if one.first_in and is_about(one, door))


def passes(rules: Rules, door: str, groups: frozenset[str]) -> bool:
    """Whether someone of these groups may pass at a door in a lockdown."""
    return any(one.groups & groups for one in rules.passes if is_about(one, door))


def is_about(one: Rule | Release | ScheduledLock | LockdownPass, door: str) -> bool:
    """Whether it is about a door."""
    return one.doors is None or door in one.doors


def is_of(rules: Rules, who: Who, person: Person, groups: frozenset[str]) -> bool:
    """Whether someone is one of these people."""
    if who.everyone or who.groups & groups:
        return True
    if not who.people:
        return False
    key = name_key(person.name)
    return any(rules.person_ids[name] == person.id if name in rules.person_ids else name_key(name) == key
               for name in who.people)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Times:
    """The readings of a clock; blind, nothing is known of the time."""

    readings: tuple[datetime, ...]
    is_blind: bool = False

    def surely(self, rules: Rules, schedule: str) -> bool:
        return schedule == ALWAYS or (not self.is_blind and all(map(rules.schedules[schedule].holds, self.readings)))

    def maybe(self, rules: Rules, schedule: str) -> bool:
        return schedule == ALWAYS or self.is_blind or any(map(rules.schedules[schedule].holds, self.readings))

    def objection(self, valid: Validity) -> Reason | None:
        if self.is_blind:
            return None if valid == ALWAYS_VALID else Reason.CLOCK_UNTRUSTED
        return next((why for at in self.readings if (why := valid.objection(at)) is not None), None)


def _ruled_without_a_clock(rules: Rules | None, asked: Asked, by_the_clock: Ruling) -> Ruling:
    readings = (asked.at,) if asked.marked is None else (asked.at, asked.marked)
    timeless, by_both = _ruled(rules, asked, _Times((), is_blind=True)), _ruled(rules, asked, _Times(readings))
    strict = timeless if asked.clock_rule is ClockRule.DENY else by_both
    if strict.mode is None:
        is_why = by_the_clock.mode is not None
        untrusted = Ruling(reason=Reason.CLOCK_UNTRUSTED, rule=by_the_clock.rule, schedule=by_the_clock.schedule)
        return untrusted if is_why else by_the_clock
    if asked.clock_rule is ClockRule.PIN and timeless != by_both:
        return Ruling(strictest((strict.mode, BADGE_AND_PIN)), rule=strict.rule, schedule=strict.schedule)
    return strict


def _ruled(rules: Rules | None, asked: Asked, times: _Times) -> Ruling:
    for valid in (asked.valid, asked.badge_valid):
        if (why := times.objection(valid)) is not None:
            return Ruling(reason=why)
    if rules is None:
        return Ruling(mode=asked.mode)
    refused = _locked_out(rules, asked, times) or _denied(rules, asked, times)
    return refused or _demanded(rules, asked, times, _allowed(rules, asked, times))


def _locks(rules: Rules, door: str, times: _Times) -> Iterable[ScheduledLock]:
    return (lock for lock in rules.locks if is_about(lock, door) and times.maybe(rules, lock.schedule))


def _locked_out(rules: Rules, asked: Asked, times: _Times) -> Ruling | None:
    for lock in _locks(rules, asked.door, times):
        if not lock.bypass & asked.groups:
            return Ruling(reason=Reason.DOOR_SCHEDULED_LOCK, rule=lock.name, schedule=lock.schedule)
    return None


def _denied(rules: Rules, asked: Asked, times: _Times) -> Ruling | None:
    for rule in _concerning(rules, asked, Action.DENY):
        if times.maybe(rules, rule.schedule):
            return Ruling(reason=Reason.RULE_DENIES, rule=rule.name, schedule=rule.schedule)
    return None


def _allowed(rules: Rules, asked: Asked, times: _Times) -> Ruling:
    """The weakest mode of the rules that allow, named after as many of them as that takes."""
    could = _concerning(rules, asked, Action.ALLOW)
    allow = [rule for rule in could if times.surely(rules, rule.schedule)]
    if not could:
        return Ruling(reason=Reason.NOT_ALLOWED)
    if not allow:
        return Ruling(reason=Reason.OUTSIDE_SCHEDULE, rule=could[0].name, schedule=could[0].schedule)
    mode = weakest(_mode(rule, asked) for rule in allow)
    enough = [rule for rule in allow if _mode(rule, asked) == mode][:1] or allow
    return Ruling(mode, None, *_named(enough))


def _demanded(rules: Rules, asked: Asked, times: _Times, allowed: Ruling) -> Ruling:
    """With what `demand` rules add to it; those that change nothing are not named."""
    if allowed.mode is None:
        return allowed
    demands = [rule for rule in _concerning(rules, asked, Action.DEMAND) if times.maybe(rules, rule.schedule)]
    mode = strictest((allowed.mode, *(_mode(rule, asked) for rule in demands)))
    if mode == strictest((allowed.mode,)):
        return allowed
    adding = [rule for rule in demands if strictest((allowed.mode, _mode(rule, asked))) != allowed.mode]
    name, schedule = _named(adding)
    return Ruling(mode, None, f"{allowed.rule}, {name}", f"{allowed.schedule}, {schedule}")


def _mode(rule: Rule, asked: Asked) -> Mode:
    return asked.mode if rule.mode is None else rule.mode


def _named(rules: list[Rule]) -> tuple[str, str]:
    return ", ".join(rule.name for rule in rules), ", ".join(rule.schedule for rule in rules)


def _concerning(rules: Rules, asked: Asked, action: Action) -> list[Rule]:
    return [
        rule
        for rule in rules.rules
        if rule.action is action and is_about(rule, asked.door) and is_of(rules, rule.who, asked.person, asked.groups)
    ]
