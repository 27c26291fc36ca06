"""What the service writes down of a shift, also when a part of it fails."""

from functools import partial
from typing import NoReturn

import pytest

from device.errors import DoorError, ReaderError, StoreError
from device.records import (
    BadgeRead,
    Credential,
    DoorCommand,
    Event,
    Notice,
    ReaderNotice,
    Reason,
    Signal,
)
from tests.device.service.world import EILEEN, POLL_S, UNKNOWN, World

MAX_WAITING = 1000


def test_reader_that_fails_is_raised_and_noted(world: World) -> None:
    world.reader.ending = ReaderError("The badge reader is gone.", hint="Connect it.")
    with pytest.raises(ReaderError, match="gone"):
        world.run()
    assert world.faults() == ["The badge reader is gone."]


def test_relay_that_fails_is_a_denial_with_its_reason_and_noted(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.quiet = 1
    world.reader.at_read[1] = partial(world.pins.broken_pins.add, 17)
    world.reader.at_read[2] = world.pins.broken_pins.clear
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.DOOR_FAULT]
    assert Event.DOOR_FAULT in world.events()


def test_without_a_store_badges_are_denied_and_the_door_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> NoReturn:
        raise StoreError("The disk is gone.", hint="Look at it.")

    monkeypatch.setattr(world.store, "audit", failing)
    monkeypatch.setattr(world.store, "people", failing)
    world.reader.comes(EILEEN)
    world.reader.comes(EILEEN)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.STORE_FAULT] * 2
    assert world.levels() == [False]


def test_what_happens_at_the_door_is_in_the_audit(world: World) -> None:
    world.reader.quiet = 2
    world.reader.at_read[1] = lambda: world.door.command(DoorCommand.LOCKDOWN)
    world.reader.at_read[2] = lambda: world.door.command(DoorCommand.CLEAR)
    world.run()
    assert world.events() == [
        Event.SERVICE_STARTED,
        Event.DOOR_LOCKDOWN,
        Event.DOOR_CLEARED,
        Event.SERVICE_STOPPED,
    ]


def test_what_the_store_did_not_take_is_written_later(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    world.reader.quiet = 3
    audit = world.store.audit

    def failing() -> NoReturn:
        raise StoreError("Locked.", hint="Wait.")

    def lock() -> None:
        monkeypatch.setattr(world.store, "audit", failing)
        world.door.command(DoorCommand.LOCKDOWN)

    world.reader.at_read[1] = lock
    world.reader.at_read[3] = lambda: setattr(world.store, "audit", audit)
    world.run()
    assert Event.DOOR_LOCKDOWN in world.events()


@pytest.mark.parametrize(
    ("notice", "event"),
    [
        (Notice.LOST, Event.READER_LOST),
        (Notice.FOUND, Event.READER_FOUND),
        (Notice.TAMPERED, Event.READER_TAMPERED),
        (Notice.POWER_FAILED, Event.READER_POWER_FAILED),
        (Notice.RESTORED, Event.READER_RESTORED),
    ],
)
def test_what_a_reader_says_of_itself_is_in_the_audit(world: World, notice: Notice, event: Event) -> None:
    world.reader.quiet = 1
    world.reader.at_read[1] = lambda: world.reader.notice(notice)
    world.run()
    assert event in world.events()


def test_notice_behind_a_dropped_badge_is_not_dropped(world: World) -> None:
    world.reader.queued = [BadgeRead(EILEEN, 0.0), ReaderNotice(Notice.TAMPERED, 0.0, "reader")]
    world.clock.sleep(0.1)
    world.run()
    assert Event.READER_TAMPERED in world.events()


def test_keys_leave_no_trace(world: World) -> None:
    world.reader.quiet = 1
    world.reader.at_read[1] = lambda: world.reader.press("4711")
    world.run()
    assert world.events() == [Event.SERVICE_STARTED, Event.SERVICE_STOPPED]
    with world.store.audit() as audit:
        assert [row for row in audit if "4711" in str(row)] == []


def test_reader_tells_the_person_what_goes_on(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.quiet = 9
    world.reader.at_read[8] = lambda: world.reader.comes(UNKNOWN)
    world.run()
    assert world.reader.shown == [
        Signal.READY,
        Signal.LOOK,
        Signal.GRANTED,
        Signal.READY,
        Signal.LOOK,
        Signal.DENIED,
        Signal.READY,
    ]


@pytest.mark.parametrize(("badge", "shown", "least_s"), [(EILEEN, Signal.GRANTED, 3.0), (UNKNOWN, Signal.DENIED, 2.0)])
def test_answer_stands_long_enough_to_be_seen(
    monkeypatch: pytest.MonkeyPatch, world: World, badge: Credential, shown: Signal, least_s: float
) -> None:
    since: dict[Signal | str, float] = {}
    show = world.reader.show

    def timed(signal: Signal) -> None:
        since.setdefault(signal, world.clock.monotonic())
        if signal is Signal.READY and shown in since:
            since["over"] = world.clock.monotonic()
        show(signal)

    monkeypatch.setattr(world.reader, "show", timed)
    world.reader.comes(badge)
    world.reader.quiet = 9
    world.run()
    assert least_s <= since["over"] - since[shown] <= least_s + 2 * POLL_S


def test_last_events_are_written_although_the_relay_is_stuck(world: World) -> None:
    world.reader.at_read[1] = lambda: world.door.command(DoorCommand.LOCKDOWN)
    world.reader.ending = ReaderError("The badge reader is gone.", hint="Connect it.")
    world.reader.before_read = lambda: world.pins.broken_pins.add(17)
    with pytest.raises(DoorError):
        world.run()
    assert Event.DOOR_LOCKDOWN in world.events()


def test_more_than_can_be_kept_for_a_store_is_counted(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    audit = world.store.audit

    def failing() -> NoReturn:
        raise StoreError("Locked.", hint="Wait.")

    def lock() -> None:
        monkeypatch.setattr(world.store, "audit", failing)
        for _ in range(MAX_WAITING + 5):
            world.reader.notice(Notice.TAMPERED)

    world.reader.quiet = MAX_WAITING + 10
    world.reader.at_read[1] = lock
    world.reader.at_read[MAX_WAITING + 8] = lambda: setattr(world.store, "audit", audit)
    world.run()
    with world.store.audit() as rows:
        told = [row.fault for row in rows if row.event is Event.FAULT]
    assert told == ["5 events lost: more happened than could be kept while the store failed"]


def test_unreadable_card_is_answered_although_it_is_only_counted(world: World) -> None:
    world.reader.comes(None)
    world.reader.comes(None)
    world.run()
    assert world.reader.shown.count(Signal.DENIED) == 2
