"""What is wrong or odd about rules: contradictions, dead rules, doors that no one passes, or everyone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from device.names import name_key
from device.policy.demands import is_weaker, name_of, weakest
from device.policy.rules import Action, LockdownPass, Release, Rule, Rules, ScheduledLock, is_about, is_of
from device.policy.schedules import ALWAYS, Holidays, Schedule
from device.records import BADGE, BADGE_AND_FACE, Factor, Mode, Person

MANY = 5
"""How many names a sentence lists at most."""


class Weight(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Not applied."""
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: where, as the name of a door, a rule or a schedule, what, and what to do."""

    weight: Weight
    about: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class SiteDoor:
    """What the settings say of a door, as far as rules are concerned. `mode` is its own.

    `has_clear_keypad`: its PINs come over Wiegand, which anyone at the wires can read.
    """

    name: str
    mode: Mode = BADGE_AND_FACE
    has_way_in: bool = True
    has_keypad: bool = False
    has_clear_keypad: bool = False
    takes_pin_for_face: bool = False
    """Who has no face data may show badge and PIN instead."""
    is_way_out_controlled: bool = False
    free_exit: str = ""
    """The other way out that needs no badge, "" if none is named."""
    accepts_badge_only: bool = False
    """Its settings say that a badge alone may open it."""
    lockdown_pass: bool = False
    """Its settings say that rules may let some pass in a lockdown."""


@dataclass(frozen=True, slots=True)
class SitePerson:
    """An enrolled person, as far as rules are concerned."""

    person: Person
    groups: frozenset[str] = frozenset()
    has_face: bool = True
    has_pin: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Where rules are to count, and for whom."""

    doors: tuple[SiteDoor, ...]
    people: tuple[SitePerson, ...] = field(default=())
    is_mantrap: bool = False
    """A door is released only while all others are closed and locked."""


def findings(rules: Rules | None, site: Site, now: datetime) -> tuple[Finding, ...]:
    """All there is to say, errors first. Without rules only what the doors' own settings say is looked at."""
    found = [*_of_settings(site)]
    if rules is not None:
        found += [
            *_unknown(rules, site),
            *_dead(rules, now),
            *_contradictions(rules),
            *_holidays_twice(rules),
            *_releases(rules, site),
            *_passes(rules, site),
        ]
    for door in site.doors:
        if door.has_way_in:
            found += _Entry(rules, site, door).findings()
    return tuple(sorted(found, key=lambda one: list(Weight).index(one.weight)))


def _of_settings(site: Site) -> Iterator[Finding]:
    for door in site.doors:
        if door.is_way_out_controlled and not door.free_exit:
            yield Finding(
                Weight.ERROR,
                door.name,
                'its exit readers may refuse (`egress = "controlled"`), and no other free way out is named',
                'set `free_exit` at the door: "handle", or "button in the lock\'s supply"',
            )


def _unknown(rules: Rules, site: Site) -> Iterator[Finding]:
    doors = {door.name for door in site.doors}
    groups = frozenset[str]().union(*(one.groups for one in site.people))
    for one in (*_all(rules), *rules.passes):
        for door in sorted((one.doors or frozenset()) - doors):
            known = ", ".join(sorted(doors))
            yield Finding(Weight.ERROR, one.name, f"it is about the door {door!r}, which doesn't exist", f"use {known}")
        for group in sorted(_groups(one) - groups):
            hint = "put someone in: `lintel people group`, or fix the name"
            yield Finding(Weight.WARNING, one.name, f"no one is in the group {group!r}", hint)
    names = {name_key(one.person.name) for one in site.people}
    for rule in rules.rules:
        for name in sorted(one for one in rule.who.people - set(rules.person_ids) if name_key(one) not in names):
            hint = "fix the name, or enroll the person and apply the rules again"
            yield Finding(Weight.WARNING, rule.name, f"no one named {name!r} is enrolled", hint)


def _passes(rules: Rules, site: Site) -> Iterator[Finding]:
    """Passes where a lockdown lets no one in whatever they say."""
    for one in rules.passes:
        for door in site.doors:
            if is_about(one, door.name) and not door.lockdown_pass:
                what = f"it lets no one pass at door {door.name!r}, whose settings don't allow it"
                yield Finding(Weight.WARNING, one.name, what, "set `lockdown_pass` at the door, or leave the door out")


def _dead(rules: Rules, now: datetime) -> Iterator[Finding]:
    used = {one.schedule for one in _all(rules)}
    for name, schedule in rules.schedules.items():
        if name not in used:
            yield Finding(Weight.NOTE, name, "no rule uses this schedule", "take it out, or use it")
        elif _never_holds(schedule, now):
            yield Finding(Weight.WARNING, name, "this schedule has no time left at which it holds", "give it windows")
    for rule in rules.rules:
        if rule.action is not Action.ALLOW:
            continue
        if (deny := next((other for other in rules.rules if _is_denied_by(rule, other)), None)) is not None:
            yield Finding(Weight.WARNING, rule.name, f"the rule {deny.name!r} always denies what it allows", "drop one")
        elif (other := next((one for one in rules.rules if _is_within(rule, one, rules)), None)) is not None:
            what = f"it adds nothing: the rule {other.name!r} allows the same and more"
            yield Finding(Weight.WARNING, rule.name, what, "take it out")


def _never_holds(schedule: Schedule, now: datetime) -> bool:
    return not schedule.holds(now) and schedule.next_change(now) is None


def _is_denied_by(rule: Rule, other: Rule) -> bool:
    return other.action is Action.DENY and _covers(other, rule)


def _is_within(rule: Rule, other: Rule, rules: Rules) -> bool:
    """Whether another allow rule makes this one needless; of two that are equal, the later one is."""
    if other is rule or other.action is not Action.ALLOW or not _covers(other, rule):
        return False
    if rule.mode != other.mode and (rule.mode is None or other.mode is None or not is_weaker(other.mode, rule.mode)):
        return False
    is_mutual = rule.mode == other.mode and _covers(rule, other)
    return not is_mutual or rules.rules.index(other) < rules.rules.index(rule)


def _covers(wider: Rule, rule: Rule) -> bool:
    """Whether one rule is about all that another is about."""
    who = wider.who.everyone or (
        not rule.who.everyone and rule.who.groups <= wider.who.groups and rule.who.people <= wider.who.people
    )
    doors = wider.doors is None or (rule.doors is not None and rule.doors <= wider.doors)
    return who and doors and wider.schedule in (ALWAYS, rule.schedule)


def _contradictions(rules: Rules) -> Iterator[Finding]:
    """An allow and a deny rule that are about the same people, doors and times in part."""
    for lock in rules.locks:
        for release in rules.releases:
            if _share_doors(lock, release) and lock.schedule in (ALWAYS, release.schedule):
                what = f"the lock {lock.name!r} always holds while this release does"
                yield Finding(Weight.WARNING, release.name, what, "a lock beats a release: drop one")
    for rule in rules.rules:
        if rule.action is Action.DENY and rule.who.everyone and rule.doors is None and rule.schedule == ALWAYS:
            yield Finding(
                Weight.WARNING, rule.name, "it denies everyone at all doors at all times", "give it a schedule"
            )


def _share_doors(one: ScheduledLock, other: Release) -> bool:
    return one.doors is None or other.doors is None or bool(one.doors & other.doors)


def _holidays_twice(rules: Rules) -> Iterator[Finding]:
    for schedule in rules.schedules.values():
        lists = [days for days, _ in schedule.holidays]
        for number, days in enumerate(lists):
            for other in lists[:number]:
                if _share_a_date(days, other):
                    what = f"a date is in {other.name!r} and in {days.name!r}; the windows of {other.name!r} count"
                    yield Finding(Weight.NOTE, schedule.name, what, "take the date out of one list")


def _share_a_date(one: Holidays, other: Holidays) -> bool:
    if one.yearly & other.yearly or one.once & other.once:
        return True
    return any(day in other for day in one.once) or any(day in one for day in other.once)


def _releases(rules: Rules, site: Site) -> Iterator[Finding]:
    for release in rules.releases:
        if site.is_mantrap:
            what = "while its window releases one door of the mantrap, no other one lets anyone in"
            yield Finding(Weight.WARNING, release.name, what, "take the release out; the way out is free in any case")
        if release.schedule == ALWAYS and not release.first_in:
            yield Finding(
                Weight.WARNING, release.name, "its doors are open to everybody at all times", "give it a schedule"
            )


def _all(rules: Rules) -> tuple[Rule | Release | ScheduledLock, ...]:
    return (*rules.rules, *rules.releases, *rules.locks)


def _groups(one: Rule | Release | ScheduledLock | LockdownPass) -> frozenset[str]:
    match one:
        case LockdownPass():
            return one.groups
        case Rule():
            return one.who.groups
        case Release():
            return frozenset({one.first_in} - {""})
        case ScheduledLock():
            return one.bypass


class _Entry:
    """One door's way in."""

    def __init__(self, rules: Rules | None, site: Site, door: SiteDoor) -> None:
        self._rules = rules
        self._site = site
        self._door = door
        every = () if rules is None else rules.rules
        self._here = [rule for rule in every if is_about(rule, door.name)]
        self._allow = [rule for rule in self._here if rule.action is Action.ALLOW]

    def findings(self) -> Iterator[Finding]:
        yield from self._who_passes()
        yield from self._with_what()
        yield from self._left_out()

    def _modes(self) -> dict[Mode, str]:
        """Each mode that is enough here, and the rule that says so, "" for the door's own."""
        if self._rules is None:
            return {self._door.mode: ""}
        return {self._mode(rule): rule.name for rule in reversed(self._allow)}

    def _mode(self, rule: Rule) -> Mode:
        return self._door.mode if rule.mode is None else rule.mode

    def _who_passes(self) -> Iterator[Finding]:
        if self._rules is None:
            return
        if not self._allow:
            yield self._finding(Weight.WARNING, "no rule lets anyone in", "add a rule that allows someone")
        elif self._site.people and not any(map(self._rules_for, self._site.people)):
            yield self._finding(Weight.WARNING, "no one who is enrolled may come in", "see who is in which group")
        for rule in self._allow:
            if rule.who.everyone and rule.schedule == ALWAYS:
                what = f"the rule {rule.name!r} lets everyone who has a badge in, at all times"
                yield self._finding(Weight.WARNING, what, "name groups, or give it a schedule")

    def _with_what(self) -> Iterator[Finding]:
        for mode, rule in self._modes().items():
            by = f"the rule {rule!r}" if rule else "its own setting"
            if mode == BADGE:
                what = f"{by} lets people in with a badge alone, and so anyone who has found one"
                is_meant = self._door.accepts_badge_only
                hint = "demand a face or a PIN besides" + ("" if is_meant else ", or set `i_accept_badge_only = true`")
                yield self._finding(Weight.WARNING if is_meant else Weight.ERROR, what, hint)
            if Factor.PIN in mode.factors and not self._door.has_keypad:
                what = f"{by} demands a PIN, and no reader of this door has a keypad"
                yield self._finding(Weight.ERROR, what, "set `keypad` at a reader, or use another mode")
            if self._door.has_clear_keypad and _is_pin_enough(mode):
                what = f"{by} takes a PIN as the only proof beside the badge, and Wiegand sends both in the clear"
                yield self._finding(Weight.WARNING, what, "use an OSDP reader, or demand the face too")

    def _left_out(self) -> Iterator[Finding]:
        """Those who may come in by the rules, and have nothing to show that would let them."""
        faceless, pinless = list[str](), list[str]()
        for one in self._site.people:
            if (mode := self._mode_of(one)) is None:
                continue
            has = {Factor.BADGE} | ({Factor.FACE} if one.has_face else set()) | ({Factor.PIN} if one.has_pin else set())
            missing = mode.missing(frozenset(has))
            if Factor.FACE in missing and self._door.takes_pin_for_face and one.has_pin:
                continue
            if Factor.FACE in missing:
                faceless.append(one.person.name)
            elif missing:
                pinless.append(one.person.name)
        if faceless:
            what = f"{_listed(faceless)} may come in and can't: no face data, and this door demands a face of them"
            yield self._finding(Weight.WARNING, what, "allow them another mode by a rule, or enroll their faces")
        if pinless:
            what = f"{_listed(pinless)} may come in and can't: no PIN, and this door demands one of them"
            yield self._finding(Weight.WARNING, what, "give them one: `lintel people pin`")

    def _mode_of(self, one: SitePerson) -> Mode | None:
        """The weakest mode that lets someone in at some time; None if none does."""
        if self._rules is None:
            return self._door.mode
        rules = self._rules_for(one)
        return weakest(map(self._mode, rules)) if rules else None

    def _rules_for(self, one: SitePerson) -> list[Rule]:
        rules = self._rules
        assert rules is not None
        here = [rule for rule in self._here if is_of(rules, rule.who, one.person, one.groups)]
        denied = {rule.schedule for rule in here if rule.action is Action.DENY}
        allow = [rule for rule in here if rule.action is Action.ALLOW]
        return [rule for rule in allow if not denied & {ALWAYS, rule.schedule}]

    def _finding(self, weight: Weight, what: str, hint: str) -> Finding:
        return Finding(weight, self._door.name, what, hint)


def _is_pin_enough(mode: Mode) -> bool:
    return not mode.missing(frozenset({Factor.BADGE, Factor.PIN})) and name_of(mode) != name_of(BADGE)


def _listed(names: list[str]) -> str:
    if len(names) <= MANY:
        return ", ".join(names)
    return f"{', '.join(names[:MANY])} and {len(names) - MANY} others"
