"""What fails is reported within two seconds, without anybody presenting a badge, and a loose cable fills no disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from device.door_log import DoorLog
from device.health import Health, Part
from device.records import Event
from device.settings.tables import DoorSettings, Settings
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.doors import open_door


class World:
    def __init__(self, folder: Path, *, is_logged: bool = True) -> None:
        self.clock, self.said = SimulatedClock(), ""
        self.lines: list[str] = []
        self.store = Store(folder)
        self.log = DoorLog(open_door(SETTINGS, SimulatedPins(self.clock), self.clock), self.store, self.clock)
        part = Part("camera 0", frozenset({"main"}), lambda: self.said, is_logged=is_logged)
        self.health = Health([part], {"main": self.log}, self.clock, self.lines.append)

    def polled(self, said: str) -> None:
        self.said = said
        self.health.poll()

    def events(self) -> list[tuple[Event, str | None]]:
        self.log.write_down()
        with self.store.audit() as audit:
            return [(row.event, row.fault) for row in audit.newest(1000)]


SETTINGS = Settings(doors=(DoorSettings(pin=17),))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    yield made
    made.store.close()


def test_what_fails_and_works_again_has_a_row_each(world: World) -> None:
    for said in ("", "It is unplugged.", "It is unplugged.", "It can't be opened.", "", ""):
        world.polled(said)
    assert world.events() == [
        (Event.PART_FAILED, "camera 0: It is unplugged."),
        (Event.PART_WORKS, "camera 0: works again"),
    ]


def test_trouble_is_shown_while_it_lasts(world: World) -> None:
    world.polled("It is unplugged.")
    assert world.health.troubles("main") == ("camera 0: It is unplugged.",)
    assert world.health.troubles("other") == ()
    world.polled("")
    assert world.health.troubles("main") == ()


def test_journal_says_it_too(world: World) -> None:
    world.polled("It is unplugged.")
    assert world.lines == ["Door main: camera 0: It is unplugged."]


def test_part_with_rows_of_its_own_is_only_shown(tmp_path: Path) -> None:
    world = World(tmp_path / "state", is_logged=False)
    world.polled("Reader inside is gone.")
    shown, rows = world.health.troubles("main"), world.events()
    world.store.close()
    assert (shown, rows) == (("camera 0: Reader inside is gone.",), [])


def test_loose_cable_writes_at_most_ten_rows_a_minute(world: World) -> None:
    for second in range(600):
        world.polled("It is unplugged." if second % 2 else "")
        world.clock.sleep(1.0)
    assert 20 <= len(world.events()) <= 110


def test_part_that_raises_is_a_trouble_and_others_are_asked(tmp_path: Path) -> None:
    world = World(tmp_path / "state")

    def broken() -> NoReturn:
        raise RuntimeError("a driver's own way")

    parts = [Part("one", frozenset({"main"}), broken), Part("two", frozenset({"main"}), lambda: "It is gone.")]
    health = Health(parts, {"main": world.log}, world.clock, world.lines.append)
    health.poll()
    world.store.close()
    first, second = health.troubles("main")
    assert first.startswith("one: can't be checked: the program failed with RuntimeError at test_health.py:")
    assert second == "two: It is gone."
