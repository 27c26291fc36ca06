"""One door's loop with a reader inside: who gets an answer beside whoever shows a face, and what they are shown."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from device.clock import Stop
from device.credentials import parse_badge
from device.door_loop import DoorLoop
from device.records import (
    BadgeRead,
    Credential,
    DoorState,
    Event,
    KeyPress,
    Notice,
    ReaderNotice,
    Reason,
    Signal,
    Transaction,
)
from device.settings.tables import DoorSettings, ReaderSettings
from device.virtual.reader import SimulatedReader
from tests.device.access.world import BADGE, World, probe, world_in
from tests.waiting import PATIENCE_S

UNKNOWN = parse_badge("17:9999")


class TwoWays:
    """A loop with a reader in front of the door and one inside."""

    def __init__(self, world: World) -> None:
        readers = (ReaderSettings(name="front"), ReaderSettings(name="inside", direction="exit"))
        settings = msgspec.structs.replace(world.settings, doors=(DoorSettings(readers=readers),))
        self.world, self.stop = world, Stop()
        self.reader = SimulatedReader(world.clock)
        self.loop = DoorLoop(world.doorway, settings, self.reader, log=world.log)
        world.clock.sleep(10.0)
        self.loop.begin()

    def presents(self, reader: str, credential: Credential | None = BADGE, *, ago_s: float = 0.0) -> Transaction | None:
        return self.loop.attend(BadgeRead(credential, self.world.clock.monotonic() - ago_s, reader), self.stop)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[TwoWays]:
    world = world_in(tmp_path, probe(0.95))
    made = TwoWays(world)
    yield made
    made.loop.close()
    world.store.close()


def reason(transaction: Transaction | None) -> Reason | None:
    return transaction.decision.reason if transaction else None


def test_who_leaves_is_let_out_while_somebody_shows_a_face(door: TwoWays) -> None:
    assert door.presents("front") is None
    assert reason(door.presents("inside")) is Reason.EXIT
    assert (door.loop.is_busy, door.world.releases) == (True, 1)


def test_two_badges_read_at_once_inside_both_get_an_answer(door: TwoWays) -> None:
    """The second was read before the first was answered, and says who leaves all the same."""
    door.world.clock.sleep(5.0)
    answers = [reason(door.presents("inside", one, ago_s=0.5)) for one in (BADGE, UNKNOWN)]
    assert answers == [Reason.EXIT, Reason.BADGE_UNKNOWN]


def test_badge_is_served_after_an_unreadable_one_read_later(door: TwoWays) -> None:
    """Noise on the line is nobody's verdict: a badge from before its row was written gets an answer."""
    door.world.clock.sleep(5.0)
    assert reason(door.presents("front", None)) is Reason.BADGE_UNREADABLE
    assert door.presents("front", ago_s=0.5) is None
    assert door.loop.is_busy


def test_closed_loop_leaves_no_thread(door: TwoWays) -> None:
    before = set(threading.enumerate())
    door.presents("inside")
    (lookup,) = set(threading.enumerate()) - before
    door.loop.close()
    lookup.join(PATIENCE_S)
    assert not lookup.is_alive()


def test_person_is_shown_to_look_and_then_the_grant(door: TwoWays) -> None:
    door.presents("front")
    over = [reason(one) for _ in range(10) for one in door.loop.serve_once(door.stop, 1.0)]
    assert (over, door.reader.shown) == ([Reason.MATCH], [Signal.LOOK, Signal.GRANTED])


def test_who_leaves_is_shown_that_the_door_is_open(door: TwoWays) -> None:
    door.presents("inside")
    assert door.reader.shown == [Signal.GRANTED]


def test_unknown_badge_is_shown_as_denied(door: TwoWays) -> None:
    door.presents("front", UNKNOWN)
    assert door.reader.shown == [Signal.LOOK, Signal.DENIED]


def test_unreadable_badge_asks_nobody_to_look(door: TwoWays) -> None:
    door.presents("front", None)
    assert door.reader.shown == [Signal.DENIED]


def test_display_shared_with_another_reader_asks_again_to_look(door: TwoWays) -> None:
    door.world.analyzer.found = [Reason.NO_FACE]
    door.presents("front")
    door.presents("inside", UNKNOWN)
    door.loop.advance(door.stop)
    assert door.reader.shown == [Signal.LOOK, Signal.DENIED, Signal.LOOK]


def test_eleventh_refusal_in_a_minute_is_shown_five_seconds_late(door: TwoWays) -> None:
    for number in range(11):
        door.presents("front", parse_badge(f"19:{number}"))
    door.loop.show_state()
    assert (door.reader.shown.count(Signal.DENIED), door.reader.shown[-1]) == (10, Signal.LOOK)
    door.world.clock.sleep(4.9)
    door.loop.show_state()
    assert door.reader.shown.count(Signal.DENIED) == 10
    door.world.clock.sleep(0.1)
    door.loop.show_state()
    assert door.reader.shown.count(Signal.DENIED) == 11


def test_reader_that_refuses_late_grants_at_once(door: TwoWays) -> None:
    for number in range(11):
        door.presents("front", parse_badge(f"19:{number}"))
    door.world.clock.sleep(0.1)
    assert door.presents("front") is None
    over = [reason(one) for _ in range(10) for one in door.loop.serve_once(door.stop, 1.0)]
    assert (over, door.reader.shown[-1]) == ([Reason.MATCH], Signal.GRANTED)


def test_reader_shows_that_the_door_waits_for_a_badge(door: TwoWays) -> None:
    door.loop.show_state()
    assert (door.world.door.state, door.reader.shown) == (DoorState.LOCKED, [Signal.READY])


def test_keys_without_a_badge_are_nothing(door: TwoWays) -> None:
    pressed = KeyPress("1234#", door.world.clock.monotonic(), "front")
    assert (door.loop.attend(pressed, door.stop), door.reader.shown, door.world.releases) == (None, [], 0)


def dropped(door: TwoWays, count: int) -> None:
    for _ in range(count):
        door.presents("front", ago_s=2.0)


def counts(door: TwoWays) -> list[int]:
    """How many badges each row about dropped ones speaks of."""
    with door.world.store.audit() as audit:
        return [int((row.fault or "").split()[0]) for row in audit if row.event is Event.FAULT]


def test_dropped_badges_are_a_row_a_minute_and_one_at_the_end(door: TwoWays) -> None:
    door.world.clock.sleep(10.0)
    for count in (1, 2, 3):
        dropped(door, count)
        door.loop.write_down()
        door.world.clock.sleep(25.0)
    assert counts(door) == [1]
    door.world.clock.sleep(10.0)
    door.loop.write_down()
    dropped(door, 4)
    door.loop.close()
    door.loop.log.write_down()
    assert counts(door) == [1, 5, 4]


def test_counts_of_dropped_badges_wait_for_their_minute(door: TwoWays) -> None:
    door.world.clock.sleep(10.0)
    for _ in range(3):
        dropped(door, 1)
        door.loop.count_unserved()
    door.loop.log.write_down()
    assert counts(door) == [1]


def test_loop_that_was_never_begun_serves_what_comes(door: TwoWays) -> None:
    world = door.world
    loop = DoorLoop(world.doorway, world.settings, door.reader)
    assert reason(loop.attend(world.read(UNKNOWN, "front"), door.stop)) is Reason.BADGE_UNKNOWN
    loop.close()


def test_loop_without_a_log_of_others_writes_its_own(door: TwoWays) -> None:
    loop = DoorLoop(door.world.doorway, door.world.settings, door.reader)
    loop.attend(ReaderNotice(Notice.LOST, door.world.clock.monotonic(), "front"), door.stop)
    loop.write_down()
    loop.close()
    assert door.world.last_row().reader == "front"


def test_camera_is_not_waited_for_unless_it_is_said(door: TwoWays, monkeypatch: pytest.MonkeyPatch) -> None:
    waits_s: list[float] = []
    monkeypatch.setattr(door.world.camera, "read", waits_s.append)
    door.presents("front")
    door.loop.advance(door.stop)
    door.loop.advance(door.stop, within_s=0.1)
    assert waits_s == [0.0, 0.1]


@pytest.mark.parametrize(
    ("notice", "event"),
    [
        (Notice.LOST, "reader-lost"),
        (Notice.FOUND, "reader-found"),
        (Notice.TAMPERED, "reader-tampered"),
        (Notice.POWER_FAILED, "reader-power-failed"),
        (Notice.RESTORED, "reader-restored"),
    ],
)
def test_what_happens_to_a_reader_is_in_the_audit(door: TwoWays, notice: Notice, event: str) -> None:
    said = ReaderNotice(notice, door.world.clock.monotonic(), "front", "The cable is cut.")
    door.loop.attend(said, door.stop)
    door.loop.write_down()
    row = door.world.last_row()
    assert (row.event.value, row.reader, row.fault) == (event, "front", "The cable is cut.")


def test_reader_is_not_waited_for_while_a_camera_is(door: TwoWays, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both are asked in turn."""
    waits_s: list[float] = []
    monkeypatch.setattr(door.reader, "read", waits_s.append)
    door.loop.serve_once(door.stop, 1.0)
    door.presents("front")
    door.loop.serve_once(door.stop, 1.0)
    assert waits_s == [1.0, 0.0]


@pytest.mark.parametrize(("credential", "wanted"), [(BADGE, Reason.EXIT), (UNKNOWN, Reason.BADGE_UNKNOWN)])
def test_operator_who_waits_at_an_exit_keeps_no_one_in(door: TwoWays, credential: Credential, wanted: Reason) -> None:
    with door.world.doorway.next_badge.awaited(("inside",), door.world.clock.monotonic()) as slot:
        left = door.presents("inside", credential)
    assert (reason(left), slot.credential) == (wanted, credential)
