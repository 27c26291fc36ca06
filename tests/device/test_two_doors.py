"""Two doors on one Pi in real time: each with a reader of its own, operators at the socket, and as a mantrap."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from numpy.typing import NDArray

from device.assembly import assembled, release_writer
from device.clock import Stop, SystemClock
from device.control.roster import Roster
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment
from device.notifier import Notifier
from device.open_doors import OpenDoor, open_doors
from device.operators import Backing, operators
from device.own_store import late_store
from device.records import DoorInput, Event, Image, Line, Reason, Transaction
from device.service import Service, operate
from device.service_facts import ServiceFacts
from device.settings.tables import (
    AccessSettings,
    CameraSettings,
    DoorSettings,
    InputSettings,
    ReaderSettings,
    Settings,
    VisionSettings,
)
from device.store.database import FILE_NAME
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from device.watchdog import Watchdog, cover_of
from tests.device.commands import Lintel
from tests.device.consented import CONSENTED
from tests.device.doors import releases
from tests.waiting import PATIENCE_S

INNER_SWITCH = InputSettings(signal=DoorInput.DPS, pin=27, debounce_s=0.0)
OUTER_SWITCH = InputSettings(signal=DoorInput.DPS, pin=4, debounce_s=0.0)


class Lobby:
    """An outer and an inner door in operation, with a FIFO for each reader and Eileen in front of both cameras."""

    def __init__(self, settings: Settings, pins: SimulatedPins, store: Path, fifos: dict[str, Path]) -> None:
        self.settings, self.pins, self.store = settings, pins, store
        self.doors: tuple[OpenDoor, ...] = ()
        self.told: list[Transaction] = []
        self.ready = threading.Event()
        self.facts: ServiceFacts | None = None
        self._writers = {name: os.open(path, os.O_RDWR) for name, path in fifos.items()}

    def badge(self, reader: str, written: str) -> None:
        os.write(self._writers[reader], f"{written}\n".encode())

    def answers(self, count: int) -> dict[str, Reason]:
        self.until(lambda: len(self.told) >= count)
        return {transaction.door: transaction.decision.reason for transaction in self.told}

    def released(self, index: int) -> int:
        return len(releases(self.pins, self.settings.doors[index]))

    def until(self, is_so: Callable[..., Any]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def events(self, door: str) -> list[Event]:
        with Store(self.store) as store, store.audit() as audit:
            return [row.event for row in audit if row.door == door]

    def close(self) -> None:
        for writer in self._writers.values():
            os.close(writer)


@pytest.fixture
def lobby(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    analyzer: FaceAnalyzer,
    portraits: Mapping[str, Image],
    runtime: Path,  # noqa: ARG001 - the operators' socket is in its folder
) -> Iterator[Callable[..., Any]]:
    with ExitStack() as stack:

        @contextmanager
        def opened(*, interlock: bool = False) -> Iterator[Lobby]:
            with _opened(tmp_path, monkeypatch, analyzer, portraits["eileen-collins"], interlock=interlock) as made:
                yield made

        yield lambda **how: stack.enter_context(opened(**how))


@contextmanager
def _opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, analyzer: FaceAnalyzer, portrait: NDArray[Any], *, interlock: bool
) -> Iterator[Lobby]:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    fifos = {name: tmp_path / name for name in ("outside", "inside")}
    for path in fifos.values():
        os.mkfifo(path)
    settings = Settings(
        doors=(
            DoorSettings(
                name="outer",
                pin=17,
                strike_time_s=1.0,
                readers=(ReaderSettings(name="outside", source=str(fifos["outside"])),),
                inputs=(OUTER_SWITCH,),
            ),
            DoorSettings(
                name="inner",
                pin=22,
                strike_time_s=1.0,
                camera="inner",
                readers=(ReaderSettings(name="inside", source=str(fifos["inside"])),),
                inputs=(INNER_SWITCH,),
            ),
        ),
        cameras=(CameraSettings(), CameraSettings(name="inner", source="1")),
        access=AccessSettings(interlock=interlock),
        vision=VisionSettings(threads=1),
    )
    stop = Stop()
    clock = SystemClock(stop)
    pins = SimulatedPins(clock)
    for switch in (INNER_SWITCH, OUTER_SWITCH):
        pins.set_line(switch, Line.QUIET)
    scene = Scene((Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5)),), {"eileen": portrait})
    monkeypatch.setattr("device.open_doors.board_factory", lambda _chip: pins.factory)
    monkeypatch.setattr(
        "device.assembly.open_live_camera", lambda _settings, clock, **_how: SimulatedCamera(clock, scene)
    )
    with Store(tmp_path / "state") as store:
        Enrollment(store, analyzer, clock, terms=CONSENTED).enroll(
            parse_badge("17:1001"), "Eileen Collins", [Candidate("portrait", portrait)]
        )
    made = Lobby(settings, pins, tmp_path / "state", fifos)

    def run() -> None:
        backing = Backing()
        with (
            open_doors(settings, clock) as board,
            operators(board, backing, Roster()),
            closing(late_store(settings)) as store,
            assembled(settings, board, store, clock, print) as parts,
            closing(ServiceFacts(store)) as facts,
        ):
            made.facts = facts
            backing.service = facts.status
            backing.troubles, backing.write_release = parts.health.troubles, release_writer(store, clock)
            made.doors = board.doors
            notifier = Notifier(None)
            monkeypatch.setattr(notifier, "ready", made.ready.set)
            watchdog = Watchdog(notifier, clock)
            services = [Service(part, settings, watchdog) for part in parts.parts]
            facts.is_ready = lambda: watchdog.is_ready
            operate(services, parts, watchdog, stop, facts.counting(made.told.append))

    thread = threading.Thread(target=run)
    thread.start()
    assert made.ready.wait(PATIENCE_S)
    try:
        yield made
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        made.close()
    assert not thread.is_alive()


def test_each_door_opens_to_its_own_reader(lobby: Callable[..., Any]) -> None:
    doors = lobby()
    doors.badge("inside", "17:1001")
    assert doors.answers(1) == {"inner": Reason.MATCH}
    assert (doors.released(0), doors.released(1)) == (0, 1)


def test_nobody_waits_for_a_face_at_the_other_door(lobby: Callable[..., Any]) -> None:
    doors = lobby()
    doors.badge("outside", "17:1001")
    doors.badge("inside", "17:9999")
    assert doors.answers(2) == {"outer": Reason.MATCH, "inner": Reason.BADGE_UNKNOWN}


def test_lockdown_by_an_operator_holds_for_both_and_is_in_the_audit(lobby: Callable[..., Any], lintel: Lintel) -> None:
    doors = lobby()
    assert lintel("door", "lockdown").exit_code == 0
    doors.badge("outside", "17:1001")
    doors.badge("inside", "17:1001")
    assert doors.answers(2) == {"outer": Reason.DOOR_LOCKDOWN, "inner": Reason.DOOR_LOCKDOWN}
    doors.until(lambda: {Event.DOOR_COMMANDED, Event.DOOR_LOCKDOWN} <= set(doors.events("inner")))


def test_release_by_an_operator_opens_the_door_that_is_named(lobby: Callable[..., Any], lintel: Lintel) -> None:
    doors = lobby()
    assert lintel("door", "release", "--door", "inner").exit_code == 0
    doors.until(lambda: doors.released(1) == 1)
    assert doors.released(0) == 0


def test_status_is_that_of_both_doors(lobby: Callable[..., Any], lintel: Lintel) -> None:
    lobby()
    told = lintel("door", "status", "--json")
    assert [(door["door"], door["state"]) for door in told.json] == [("outer", "locked"), ("inner", "locked")]


def test_status_is_the_whole_service_on_one_page(lobby: Callable[..., Any], lintel: Lintel) -> None:
    doors = lobby()
    doors.badge("inside", "17:1001")
    doors.badge("outside", "17:9999")
    doors.answers(2)
    told = lintel("status", "--json").json
    assert told["service"]["is_ready"]
    assert (told["service"]["grants"], told["service"]["refusals"]) == (1, [{"reason": "badge-unknown", "count": 1}])
    assert [door["badge_to_relay"] and door["badge_to_relay"]["count"] for door in told["doors"]] == [None, 1]
    assert "granted: 1, denied: 1" in lintel("status").out


def test_each_thread_of_a_service_is_covered(lobby: Callable[..., Any]) -> None:
    """One that hangs is found by the watchdog, or is a trouble: docs/status.md has the table."""
    doors = lobby()
    threads = doors.facts.status().threads
    assert [name for name in threads if cover_of(name) is None and not name.startswith("pytest")] == []
    assert {"control", "log", "idle", "door inner", "loop outer", "facts"} <= set(threads)


def test_mantrap_opens_one_door_at_a_time(lobby: Callable[..., Any]) -> None:
    doors = lobby(interlock=True)
    doors.pins.set_line(INNER_SWITCH, Line.ACTIVE)
    doors.until(lambda: Event.DOOR_FORCED in doors.events("inner"))
    doors.badge("outside", "17:1001")
    assert doors.answers(1) == {"outer": Reason.DOOR_INTERLOCKED}
    assert doors.released(0) == 0


def test_mantrap_opens_when_the_other_door_is_closed(lobby: Callable[..., Any]) -> None:
    doors = lobby(interlock=True)
    doors.badge("outside", "17:1001")
    assert doors.answers(1) == {"outer": Reason.MATCH}


def test_settings_of_both_doors_stand_in_a_file(lobby: Callable[..., Any]) -> None:
    settings = lobby().settings
    assert msgspec.convert(msgspec.to_builtins(settings), Settings) == settings


def test_lockdown_waits_for_no_disk(lobby: Callable[..., Any], lintel: Lintel) -> None:
    """Another program holds the database: both doors are locked all the same, and it is written down afterwards."""
    doors = lobby()
    with sqlite3.connect(doors.store / FILE_NAME, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        ended = lintel("door", "lockdown", "--json")
        assert (ended.exit_code, [door["state"] for door in ended.json]) == (0, ["lockdown", "lockdown"])
        other.execute("ROLLBACK")
    other.close()
    doors.until(lambda: Event.DOOR_COMMANDED in doors.events("inner"))


def test_thread_that_reads_wires_is_watched(lobby: Callable[..., Any]) -> None:
    """A converter that does not answer must not go unnoticed: nothing would be heard of a lockdown switch."""
    doors = lobby()
    hangs = threading.Event()
    io = doors.doors[1].door._io
    tick, before = io._inputs.tick, [beat() for beat in doors.doors[1].beats]
    io._inputs.tick = lambda: hangs.wait(PATIENCE_S) and tick()
    doors.until(lambda: doors.doors[1].beats[0]() > before[0] + 2.0)
    is_late = doors.doors[1].beats[0]() - doors.doors[1].beats[1]()
    hangs.set()
    assert is_late > 0.5
