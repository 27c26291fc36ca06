"""How late a grant may be written down, and what a denial keeps saying: at a clock that began long ago."""

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from device.carry_out import Before, CarryOut
from device.clock import Stop
from device.errors import StoreError
from device.records import Decision, Evidence, Outcome, Reason, Transaction
from device.store.audit import Audit
from tests.device.access.world import BADGE, MODEL, World


def decided(world: World, reason: Reason) -> Transaction:
    """Ada's transaction, whose verdict was reached a second after the badge: now."""
    matching = Evidence(0.95, 0.9, probes=3, references=1)
    decision = Decision(reason, Outcome.GRANTED, matching) if reason is Reason.MATCH else Decision(reason)
    with world.store.people() as people:
        person = people.held(BADGE).person
    return Transaction(world.clock.utc(), BADGE, person, decision, 1.0, door="main", reader="front")


def carried_out(world: World, transaction: Transaction) -> Transaction:
    carry_out = CarryOut(world.door, world.store, world.log, world.clock)
    badge_at, stop = world.clock.monotonic() - 1.0, Stop()
    return carry_out.carry_out(transaction, badge_at, before=Before(None, MODEL), stop=stop)


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """It is 1000 s."""
    made = world_of()
    made.clock.sleep(1000.0)
    return made


@pytest.mark.parametrize(
    ("took_s", "reason", "releases"),
    [(0.0, Reason.MATCH, 1), (3.0, Reason.MATCH, 1), (3.25, Reason.STORE_FAULT, 0), (5.0, Reason.STORE_FAULT, 0)],
)
def test_grant_is_carried_out_up_to_three_seconds_late(
    world: World, monkeypatch: pytest.MonkeyPatch, took_s: float, reason: Reason, releases: int
) -> None:
    record = Audit.record

    def slowly(audit: Audit, transaction: Transaction) -> int:
        world.clock.sleep(took_s)
        return record(audit, transaction)

    monkeypatch.setattr(Audit, "record", slowly)
    told = carried_out(world, decided(world, Reason.MATCH))
    assert (told.decision.reason, world.releases) == (reason, releases)


def test_denial_of_a_store_that_fails_says_how_long_it_took(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> NoReturn:
        world.clock.sleep(5.0)
        raise StoreError("Locked.", hint="Wait.")

    monkeypatch.setattr(world.store, "writing", fail)
    told = carried_out(world, decided(world, Reason.MATCH))
    assert (told.decision.reason, told.waited_s, world.releases) == (Reason.STORE_FAULT, 6.0, 0)


@pytest.mark.parametrize("reason", [Reason.NON_MATCH, Reason.NO_FACE])
def test_denial_keeps_its_reason_if_the_badge_is_revoked(world: World, reason: Reason) -> None:
    transaction = decided(world, reason)
    with world.store.people() as people:
        people.revoke(BADGE, world.clock.utc())
    assert carried_out(world, transaction).decision.reason is reason
    assert world.last_row().reason is reason


def test_badge_the_store_cannot_look_up_has_its_row_later(world: World) -> None:
    told = carried_out(world, replace(decided(world, Reason.STORE_FAULT), fault="Locked."))
    assert told.decision.reason is Reason.STORE_FAULT
    world.log.write_down()
    row = world.last_row()
    assert (row.badge, row.outcome, row.reason, row.fault) == (
        "17:1001",
        Outcome.DENIED,
        Reason.STORE_FAULT,
        "Locked.",
    )


def test_interlocked_door_withdraws_the_grant(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, extended: bool, row: int, leads: bool, passes: bool) -> bool:  # noqa: ARG001
        return False

    monkeypatch.setattr(world.door, "grant", refuse)
    told = carried_out(world, decided(world, Reason.MATCH))
    assert (told.decision.reason, world.last_row().fault) == (
        Reason.DOOR_INTERLOCKED,
        "The last grant was not carried out: door-interlocked.",
    )


def test_first_20_denials_of_a_flood_have_rows_of_their_own(world: World) -> None:
    told = [carried_out(world, decided(world, Reason.NO_REFERENCES)) for _ in range(30)]
    with world.store.audit() as audit:
        written = len(audit.newest(1000))
    assert ([one.counted for one in told], written) == ([False] * 20 + [True] * 10, 20)
