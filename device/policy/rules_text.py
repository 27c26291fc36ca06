"""From the owner's TOML to rules: one text with schedules, holidays, groups of doors, rules, releases and locks.

    zone = "Europe/Berlin"

    [[schedules]]
    name = "office"
    windows = ["Mon-Fri 08:00-18:00"]

    [[rules]]
    name = "staff"
    action = "allow"
    groups = ["staff"]
    doors = ["main"]
    schedule = "office"

Whether the doors and groups exist is for `device.policy.rules_check` to say: a text may come before them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from device.names import name_key
from device.policy.rules import Action, LockdownPass, Release, Rule, Rules, ScheduledLock, Who, group_keys
from device.policy.schedules import ALWAYS, Schedule
from device.policy.schedules_text import Said, holidays_of, schedule_of, zone_named
from device.records import MODES
from device.settings.lock import Group, Name

MAX_BYTES = 1_000_000
"""A longer text isn't one that a person wrote."""
Names = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=1000)]
Doors = Annotated[tuple[Name, ...], Meta(max_length=1000)]


class DoorGroup(Group, frozen=True):
    """Doors under one name."""

    name: Name
    doors: Doors


class _AtDoors(Group, frozen=True):
    """What is about some doors, by their names or those of door groups, or about all."""

    name: Name
    doors: Doors = ()
    all_doors: bool = False


class RuleSaid(_AtDoors, frozen=True, kw_only=True):
    """One of `[[rules]]`."""

    action: Literal["allow", "deny", "demand"]
    everyone: bool = False
    groups: Names = ()
    people: Names = ()
    schedule: Name = ALWAYS
    mode: Literal["badge", "badge+face", "badge+pin", "badge+face+pin", "badge+face-or-pin"] | None = None


class ReleaseSaid(_AtDoors, frozen=True, kw_only=True):
    """One of `[[releases]]`."""

    schedule: Name
    first_in: Annotated[str, Meta(max_length=200)] = ""
    early_s: Annotated[float, Meta(ge=0, le=4 * 3600)] = 0.0


class LockSaid(_AtDoors, frozen=True, kw_only=True):
    """One of `[[locks]]`."""

    schedule: Name
    bypass: Names = ()


class PassSaid(_AtDoors, frozen=True, kw_only=True):
    """One of `[[lockdown_passes]]`."""

    groups: Annotated[Names, Meta(min_length=1)]


class RulesSaid(Said, frozen=True):
    """The whole text."""

    door_groups: tuple[DoorGroup, ...] = ()
    rules: Annotated[tuple[RuleSaid, ...], Meta(max_length=2000)] = ()
    releases: tuple[ReleaseSaid, ...] = ()
    locks: tuple[LockSaid, ...] = ()
    lockdown_passes: tuple[PassSaid, ...] = ()


def rules_in(text: str, person_ids: Mapping[str, int] | None = None) -> Rules:
    """The rules in a text. `person_ids` as in `Rules`. Raises `ValueError` with the place in the text."""
    said = said_in(text)
    _refuse_twice(said)
    reading = _Reading(_schedules(said), {group.name: frozenset(group.doors) for group in said.door_groups})
    return Rules(
        tuple(reading.rule(f"rules[{number}]", one) for number, one in enumerate(said.rules)),
        reading.schedules,
        tuple(reading.release(f"releases[{number}]", one) for number, one in enumerate(said.releases)),
        tuple(reading.lock(f"locks[{number}]", one) for number, one in enumerate(said.locks)),
        tuple(reading.lockdown_pass(f"lockdown_passes[{number}]", one) for number, one in _passes(said)),
        dict(person_ids or {}),
    )


def said_in(text: str) -> RulesSaid:
    """The tables of a text, each right by itself. Raises `ValueError` with the place."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ValueError(f"the rules are longer than {MAX_BYTES} bytes")
    try:
        return msgspec.toml.decode(text.encode(), type=RulesSaid)
    except (msgspec.DecodeError, RecursionError) as error:
        said, at, place = str(error).rpartition(" - at `$")
        raise ValueError(f"{said} - at `{place.strip('`.')}`" if at else str(error)) from None


def sha256_of(text: str) -> str:
    """What the audit calls a text by."""
    return hashlib.sha256(text.encode()).hexdigest()


def people_in(rules: Rules) -> frozenset[str]:
    """The people whom rules name."""
    return frozenset[str]().union(*(rule.who.people for rule in rules.rules))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the names in tables mean."""

    schedules: Mapping[str, Schedule]
    door_groups: Mapping[str, frozenset[str]]

    def rule(self, at: str, one: RuleSaid) -> Rule:
        who = Who(one.everyone, group_keys(one.groups), frozenset(one.people))
        if not who:
            raise ValueError(f"expected `groups`, `people` or `everyone = true`: the rule is about no one - at `{at}`")
        if one.everyone and (one.groups or one.people):
            raise ValueError(f"expected either `everyone = true`, or `groups` and `people` - at `{at}`")
        action = Action(one.action)
        if action is Action.DENY and one.mode is not None:
            raise ValueError(f"a rule that denies has no mode - at `{at}.mode`")
        if action is Action.DEMAND and one.mode is None:
            raise ValueError(f"a rule that demands needs a mode - at `{at}`")
        mode = None if one.mode is None else MODES[one.mode]
        return Rule(one.name, action, who, self._doors(at, one), self._schedule(at, one.schedule), mode)

    def release(self, at: str, one: ReleaseSaid) -> Release:
        if one.early_s and not one.first_in:
            raise ValueError(f"only a release with `first_in` has someone who may come early - at `{at}.early_s`")
        schedule = self._schedule(at, one.schedule)
        return Release(one.name, self._doors(at, one), schedule, name_key(one.first_in), one.early_s)

    def lock(self, at: str, one: LockSaid) -> ScheduledLock:
        schedule = self._schedule(at, one.schedule)
        return ScheduledLock(one.name, self._doors(at, one), schedule, group_keys(one.bypass))

    def lockdown_pass(self, at: str, one: PassSaid) -> LockdownPass:
        return LockdownPass(one.name, self._doors(at, one), group_keys(one.groups))

    def _doors(self, at: str, one: _AtDoors) -> frozenset[str] | None:
        if one.all_doors == bool(one.doors):
            raise ValueError(f"expected either `doors` or `all_doors = true` - at `{at}`")
        named = frozenset[str]().union(*(self.door_groups.get(name, frozenset({name})) for name in one.doors))
        return None if one.all_doors else named

    def _schedule(self, at: str, name: str) -> str:
        if name != ALWAYS and name not in self.schedules:
            known = ", ".join((ALWAYS, *self.schedules))
            raise ValueError(f"unknown schedule {name!r}, expected one of {known} - at `{at}.schedule`")
        return name


def _passes(said: RulesSaid) -> Iterable[tuple[int, PassSaid]]:
    return enumerate(said.lockdown_passes)


def _schedules(said: RulesSaid) -> dict[str, Schedule]:
    lists = holidays_of(said)
    zone = zone_named(said.zone, "zone") if said.zone is not None else None
    every = enumerate(said.schedules)
    return {one.name: schedule_of(f"schedules[{number}]", one, lists, zone) for number, one in every}


def _refuse_twice(said: RulesSaid) -> None:
    """Rules, releases and locks share their names, as the audit knows them by these alone."""
    named: tuple[_AtDoors, ...] = (*said.rules, *said.releases, *said.locks, *said.lockdown_passes)
    _refuse("rules, releases, locks or passes", (one.name for one in named))
    _refuse("door groups", (group.name for group in said.door_groups))
    _refuse("lists of holidays", (one.name for one in said.holidays))
    _refuse("schedules", (ALWAYS, *(one.name for one in said.schedules)))
    groups = {group.name for group in said.door_groups}
    members = {door for group in said.door_groups for door in group.doors}
    if both := sorted(groups & members):
        raise ValueError(f"{both[0]!r} is a group of doors and a door in one, give the group another name")


def _refuse(kind: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            why = "it is there without being written" if name == ALWAYS else "give each a `name` of its own"
            raise ValueError(f"{count} {kind} are called {name!r}, {why}")
