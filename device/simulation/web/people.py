"""People, badges and rules of a virtual world, seen and changed by the code that operators' commands use."""

from datetime import datetime
from typing import assert_never

from device.administration import Administration
from device.credentials import format_badge, parse_badge
from device.errors import ScenarioError
from device.policy.rules_text import rules_in
from device.records import Badge, Enrolled, Reason
from device.rule_office import RuleOffice
from device.simulation.scenario import Enrollee
from device.simulation.web.requests import (
    BadgeShown,
    BadgeState,
    People,
    PeopleChange,
    PersonShown,
    RulesShown,
    ScheduleShown,
)
from device.simulation.web.worlds import Stage

OPERATOR = "the page of a simulation"


def people_shown(stage: Stage) -> People:
    """All who are known, by name. Raises `StoreError`."""
    store, now = stage.world.store, stage.world.clock.utc()
    made_up = {enrollee.name: enrollee for enrollee in stage.world.scenario.enroll}
    with store.people() as people, store.rules() as book:
        everyone, pins = people.everyone(), book.pin_holders()
    return People(
        tuple(_shown(one, now, made_up.get(one.person.name), has_pin=one.person.id in pins) for one in everyone)
    )


def change_badge(stage: Stage, change: PeopleChange) -> None:
    """Does with a badge what is asked. Raises `CredentialError`, `ScenarioError`, `StoreError`."""
    refuse_while_recording(stage)
    office, badge = Administration(stage.world.store, stage.world.clock), parse_badge(change.badge)
    with stage.world.store.acting(OPERATOR):
        match change.do:
            case "issue":
                office.add_badge(change.name, badge)
            case "revoke":
                office.revoke_badge(badge)
            case "suspend":
                office.suspend_badge(badge)
            case "resume":
                office.resume_badge(badge)
            case "restore":
                office.restore_badge(badge)
            case _:
                assert_never(change.do)


def refuse_while_recording(stage: Stage) -> None:
    """Raises `ScenarioError` while what is done by hand is kept: people are not, and its replay would differ."""
    if stage.player.state().is_recording:
        raise ScenarioError(
            "A recording is under way, and what changes for people is not kept in it.", hint="End it first."
        )


def rules_shown(stage: Stage) -> RulesShown:
    """The rules that count, and which schedules hold now. Raises `StoreError`."""
    world = stage.world
    applied = RuleOffice(world.store, world.settings, world.clock).applied()
    if applied is None:
        return RulesShown("", ())
    schedules, now = rules_in(applied.text).schedules, world.clock.utc()
    return RulesShown(
        applied.text, tuple(ScheduleShown(name, schedule.holds(now)) for name, schedule in schedules.items())
    )


def _shown(one: Enrolled, now: datetime, made_up: Enrollee | None, *, has_pin: bool) -> PersonShown:
    return PersonShown(
        one.person.name,
        tuple(BadgeShown(format_badge(badge.credential), _state(badge, now), badge.duress) for badge in one.badges),
        one.groups,
        image=made_up.images[0] if made_up and made_up.images else None,
        references=sum(count for _, count in one.references),
        has_pin=has_pin,
        duress_pin=made_up.duress_pin if made_up else "",
    )


def _state(badge: Badge, now: datetime) -> BadgeState:
    if badge.revoked_at:
        return "revoked"
    if badge.suspended_at:
        return "suspended"
    return "expired" if badge.valid.objection(now) is Reason.EXPIRED else "active"
