"""What would have to change for a refused badge to be let in: another time, another group, another rule. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from device.policy.rules import Action, Asked, Rules, is_about, is_of, ruling
from device.policy.schedules import ALWAYS
from device.records import Reason, Ruling

AHEAD = timedelta(days=14)
"""How far a time is looked for at which it would be another ruling."""


def next_other(rules: Rules, asked: Asked) -> tuple[datetime, Ruling] | None:
    """When it is ruled otherwise next, and how, as far as schedules and validity say; None if not within 14 days."""
    now, at = ruling(rules, asked), asked.at
    while (at := _next_change(rules, asked, at)) - asked.at <= AHEAD:
        then = ruling(rules, replace(asked, at=at))
        if (then.mode, then.reason) != (now.mode, now.reason):
            return at, then
    return None


def would_help(rules: Rules, asked: Asked) -> tuple[str, ...]:
    """For a refusal: sentences of what would have to change, the least first; none for a grant."""
    now = ruling(rules, asked)
    return tuple(_helping(rules, asked, now.reason, now.rule)) if now.reason is not None else ()


def _next_change(rules: Rules, asked: Asked, after: datetime) -> datetime:
    changes = (schedule.next_change(after) for schedule in rules.schedules.values())
    limits = (at for valid in (asked.valid, asked.badge_valid) for at in (valid.begins, valid.ends))
    later = [at for at in (*changes, *limits) if at is not None and at > after]
    return min(later, default=after + 2 * AHEAD)


def _helping(rules: Rules, asked: Asked, reason: Reason, rule: str) -> Iterator[str]:
    other = next_other(rules, asked)
    if other is not None and other[1].mode is not None:
        at = other[0].astimezone(asked.at.tzinfo)
        yield f"another time: from {at:%a %Y-%m-%d %H:%M %Z}, by the rule {other[1].rule!r}"
    match reason:
        case Reason.NOT_ALLOWED | Reason.OUTSIDE_SCHEDULE:
            yield from _groups_that_pass(rules, asked)
        case Reason.RULE_DENIES:
            yield f"the rule {rule!r}: it would have to leave {asked.person.name} out, or this door, or this time"
        case Reason.DOOR_SCHEDULED_LOCK:
            bypass = next(lock.bypass for lock in rules.locks if lock.name == rule)
            what = f"be in {' or '.join(sorted(bypass))}" if bypass else "not be locked at this time"
            yield f"the lock {rule!r}: {asked.person.name if bypass else 'the door'} would have to {what}"
        case Reason.CLOCK_UNTRUSTED:
            yield "the clock: set it, or accept it with `lintel clock accept`"
        case Reason.NOT_YET_VALID | Reason.EXPIRED:
            yield "the dates of the badge or of its holder"
        case _:
            pass


def _groups_that_pass(rules: Rules, asked: Asked) -> Iterator[str]:
    for rule in rules.rules:
        if rule.action is not Action.ALLOW or not is_about(rule, asked.door):
            continue
        holds = rule.schedule == ALWAYS or rules.schedules[rule.schedule].holds(asked.at)
        for group in sorted(rule.who.groups - asked.groups):
            then = ruling(rules, replace(asked, groups=asked.groups | {group}))
            if holds and then.mode is not None and not is_of(rules, rule.who, asked.person, asked.groups):
                yield f"a group: {asked.person.name} in {group!r}, by the rule {rule.name!r}"
