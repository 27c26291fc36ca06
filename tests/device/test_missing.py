"""When a part counts as missing: 60 s on end, and with its alarm on the disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device.cameras.hanging import HangingCamera
from device.door_log import DoorLog
from device.health import Health, Part
from device.missing import Choice, Missing, badge_alone
from device.ports import AbsentCamera
from device.records import Event, Frame
from device.settings.tables import DoorSettings, Settings
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.doors import open_door


@dataclass
class World:
    """A door whose camera can be pulled out; it is looked at twice a second."""

    folder: Path
    when_missing: str = "badge+pin"
    absent: str = ""
    clock: SimulatedClock = field(default_factory=SimulatedClock)

    def __post_init__(self) -> None:
        self.store = Store(self.folder)
        door = open_door(Settings(), SimulatedPins(self.clock), self.clock)
        self.log = DoorLog(door, self.store, self.clock)
        choice = Choice(self.when_missing, 60.0)
        self.missing = Missing({"camera main": lambda: self.absent}, choice, self.log, self.clock)
        part = Part("no face", frozenset({"main"}), self.missing.trouble)
        self.health = Health([part], {"main": self.log}, self.clock, lambda _line: None)

    def passes(self, seconds: float, *, writes: bool = True) -> bool:
        """Whether the camera counts as missing then."""
        for _ in range(round(seconds * 2)):
            self.clock.sleep(0.5)
            self.health.poll()
            if writes:
                self.log.write_down()
        return bool(self.missing.at(["camera main", "models"]))

    def rows(self) -> list[str | None]:
        with self.store.audit() as audit:
            return [row.fault for row in audit.newest(100) if row.event in (Event.PART_FAILED, Event.PART_WORKS)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    yield made
    made.store.close()


def test_camera_that_was_pulled_out_counts_after_a_minute(world: World) -> None:
    world.absent = "it is gone"
    assert [world.passes(59.0), world.passes(3.0)] == [False, True]
    assert world.rows() == ["no face: camera main missing: a badge and a PIN are enough at the way in meanwhile."]


def test_camera_that_comes_back_counts_at_once(world: World) -> None:
    world.absent = "it is gone"
    assert world.passes(70.0)
    world.absent = ""
    assert not world.passes(0.5)


def test_part_that_no_one_looks_at_any_more_is_not_missing(world: World) -> None:
    world.absent = "it is gone"
    assert world.passes(70.0)
    world.clock.sleep(11.0)
    assert not world.passes(0.0)


def test_minute_is_on_end(world: World) -> None:
    for _ in range(5):
        world.absent = "it is gone"
        assert not world.passes(58.0)
        world.absent = ""
        assert not world.passes(0.5)


def test_nothing_counts_before_its_alarm_is_on_the_disk(world: World) -> None:
    world.absent = "it is gone"
    assert not world.passes(300.0, writes=False)
    assert world.passes(1.0)


def test_door_that_denies_never_says_that_a_part_is_missing(tmp_path: Path) -> None:
    world = World(tmp_path / "state", when_missing="deny", absent="it is gone")
    assert not world.passes(300.0)
    world.store.close()


@dataclass
class ShownCamera:
    """One that is there, whatever its pictures show."""

    said: str
    absent: str = ""

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002
        return None

    def trouble(self) -> str:
        return self.said

    def absence(self) -> str:
        return self.absent

    def close(self) -> None:
        pass


@pytest.mark.parametrize("said", ["is frozen: it repeats the same picture", "has delivered no fresh picture"])
def test_camera_that_is_touched_is_not_missing(said: str) -> None:
    hanging = HangingCamera(ShownCamera(said), 0)
    for _ in range(10):
        hanging.saw(90)
    assert isinstance(hanging, AbsentCamera)
    assert (bool(hanging.trouble()), hanging.absence()) == (True, "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (DoorSettings(), ""),
        (DoorSettings(i_accept_badge_only=True), "by itself, where a rule says so."),
        (DoorSettings(mode="badge", i_accept_badge_only=True), "by itself, at all times."),
        (DoorSettings(when_missing="badge", i_accept_badge_only=True), "by itself, while a part is missing."),
    ],
)
def test_door_that_a_badge_alone_opens_says_so(settings: DoorSettings, said: str) -> None:
    assert badge_alone(settings).endswith(said)
    assert bool(badge_alone(settings)) == bool(said)
