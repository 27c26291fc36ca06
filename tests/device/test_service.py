"""The service: secure before everything and after everything, ready before it reads, a watchdog that is fed, an end."""

import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from signal import Signals
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.access import Doorway
from device.assembly import DoorParts
from device.clock import Stop
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment
from device.errors import DoorError, ReaderEnded, ReaderError, StoreError
from device.records import (
    BadgeRead,
    Credential,
    DoorCommand,
    Event,
    Image,
    Notice,
    ReaderEvent,
    ReaderNotice,
    Reason,
    Signal,
    Transaction,
)
from device.service import Notifier, Service, Watchdog, serve
from device.settings.tables import DoorSettings, Settings
from device.signals import stopped_by_signals
from device.store.store import Store
from device.unserved import Unserved
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from tests.device.doors import open_door
from tests.processes import output_of, started

MAX_WAITING = 1000
MAX_BEAT_S = 10.0
MAX_SWIPE_S = 70.0
POLL_S = 1.0

SERVE = Path(__file__).with_name("serve.py")
EILEEN, UNKNOWN = parse_badge("17:1001"), parse_badge("17:9999")
SETTINGS = Settings(doors=(DoorSettings(pin=17, strike_time_s=3.0),))


class ShiftReader(SimulatedReader):
    """A reader that people come to one by one, when the door waits for them.

    It asks to stop, or fails, when all have been there and nobody came for `quiet` rounds. What is `queued` was
    presented without waiting.
    """

    def __init__(self, clock: SimulatedClock, stop: Stop) -> None:
        super().__init__(clock)
        self.stop, self.quiet, self.reads = stop, 0, 0
        self.ending: ReaderError | None = None
        self.queued: list[BadgeRead | ReaderNotice] = []
        self.people: list[Credential | None] = []
        self.at_read: dict[int, Callable[[], object]] = {}
        self.before_read: Callable[[], object] = lambda: None

    def comes(self, credential: Credential | None) -> None:
        self.people.append(credential)

    def read(self, timeout_s: float) -> ReaderEvent | None:
        if self.queued or timeout_s == 0.0:
            return self.queued.pop(0) if self.queued else None
        self.before_read()
        self.reads += 1
        self.at_read.get(self.reads, lambda: None)()
        if self.people:
            self.present(self.people.pop(0))
        badge = super().read(timeout_s)
        if badge is None:
            self.quiet -= 1
            if self.quiet < 0:
                if self.ending:
                    raise self.ending
                self.stop.set()
        return badge


class Time:
    """Stands for the thread that keeps a door's time: the simulated clock does, and it may hang."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.hangs_since: float | None = None

    @property
    def last_beat(self) -> float:
        return self.clock.monotonic() if self.hangs_since is None else self.hangs_since


class Manager:
    """systemd's end of the notification socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """What has come since this was last asked."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(100).decode())
            except BlockingIOError:
                return messages


class World:
    """A door in a virtual world, with Eileen enrolled and in front of the camera."""

    def __init__(
        self,
        folder: Path,
        analyzer: FaceAnalyzer,
        portraits: Mapping[str, Image],
        manager: Manager,
        **options: bool,
    ) -> None:
        self.stop, self.clock, self.manager = Stop(), SimulatedClock(), manager
        self.pins, self.reader = SimulatedPins(self.clock), ShiftReader(self.clock, self.stop)
        self.store = Store(folder)
        self.told: list[Transaction] = []
        image = portraits["eileen-collins"]
        Enrollment(self.store, analyzer, self.clock).enroll(EILEEN, "Eileen Collins", [Candidate("portrait", image)])
        figure = Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5))
        self.door = open_door(SETTINGS, self.pins, self.clock)
        camera = SimulatedCamera(self.clock, Scene((figure,), {"eileen": image}))
        doorway = Doorway(camera, self.door, self.store, analyzer, self.clock)
        self.notifier, self.time = Notifier(manager.address), Time(self.clock)
        watchdog = Watchdog(self.notifier, self.clock)
        self.service = Service(
            DoorParts(doorway, self.reader, (lambda: self.time.last_beat,)), SETTINGS, watchdog, **options
        )

    def run(self) -> None:
        serve([self.service], self.notifier, self.stop, self.told.append)

    def levels(self) -> list[bool]:
        return [level.high for level in self.pins.history(17)]

    def events(self) -> list[Event]:
        with self.store.audit() as audit:
            return [row.event for row in audit.newest(100)][1:]

    def faults(self) -> list[str | None]:
        return self.faults_of(Event.FAULT)

    def faults_of(self, event: Event) -> list[str | None]:
        with self.store.audit() as audit:
            return [row.fault for row in audit.newest(100) if row.event is event]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def world(tmp_path: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], manager: Manager) -> Iterator[World]:
    made = World(tmp_path / "state", analyzer, portraits, manager)
    yield made
    made.store.close()


def test_badge_and_face_release_the_strike_once(world: World) -> None:
    world.reader.comes(EILEEN)
    world.run()
    assert world.levels() == [False, True, False]


def test_every_swipe_is_told(world: World) -> None:
    for credential in (UNKNOWN, EILEEN, None):
        world.reader.comes(credential)
    world.run()
    reasons = [transaction.decision.reason for transaction in world.told]
    assert reasons == [Reason.BADGE_UNKNOWN, Reason.MATCH, Reason.BADGE_UNREADABLE]


def test_audit_tells_the_whole_shift(world: World) -> None:
    world.reader.comes(EILEEN)
    world.run()
    assert world.events() == [Event.SERVICE_STARTED, Event.DECISION, Event.SERVICE_STOPPED]


def test_service_is_ready_before_the_first_read(world: World) -> None:
    heard = []
    world.reader.before_read = lambda: heard.append(world.manager.heard())
    world.run()
    assert heard[0] == ["READY=1", "WATCHDOG=1"]


def test_badges_presented_before_the_start_are_forgotten(world: World) -> None:
    world.reader.queued = [BadgeRead(EILEEN, 0.0, "reader")] * 3
    world.clock.sleep(0.1)
    world.run()
    assert (world.told, sum(int((fault or "").split()[0]) for fault in world.faults())) == ([], 3)


def test_badges_presented_during_the_look_are_forgotten(world: World) -> None:
    world.reader.comes(EILEEN)
    world.clock.at(0.05, lambda: world.reader.queued.extend([BadgeRead(EILEEN, 0.05, "reader")] * 2))
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.MATCH]
    assert world.faults() == ["2 badge reads dropped that came while the door was busy."]


def test_badge_taken_while_the_decision_is_written_is_forgotten(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """It was presented before there was an answer, and says nothing about who is there after it."""
    world.reader.comes(EILEEN)
    grant = world.door.grant

    def granting(**how: Any) -> bool:
        world.reader.queued = [BadgeRead(UNKNOWN, world.clock.monotonic(), "reader")]
        world.clock.sleep(0.1)
        return grant(**how)

    monkeypatch.setattr(world.door, "grant", granting)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.MATCH]
    assert world.faults() == ["1 badge read dropped that came while the door was busy."]


def test_a_badge_behind_noise_is_not_forgotten(world: World) -> None:
    world.reader.at_read[1] = lambda: world.reader.queued.append(BadgeRead(EILEEN, world.clock.monotonic(), "reader"))
    world.reader.comes(None)
    world.run()
    reasons = [told.decision.reason for told in world.told]
    assert (reasons, world.faults()) == ([Reason.BADGE_UNREADABLE, Reason.MATCH], [])


def test_badge_after_a_release_is_served(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.quiet = 5
    world.reader.at_read[6] = lambda: world.reader.comes(EILEEN)
    world.run()
    assert world.levels() == [False, True, False, True, False]


def test_somebody_may_badge_while_the_strike_is_released(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.comes(UNKNOWN)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.MATCH, Reason.BADGE_UNKNOWN]
    assert world.levels() == [False, True, False]


@pytest.mark.parametrize(("age_s", "served"), [(1.0, 1), (1.1, 0)])
def test_old_read_is_dropped_and_said(world: World, age_s: float, served: int) -> None:
    world.reader.quiet = 4

    def come_late() -> None:
        taken_at = world.clock.monotonic() + 1.0
        world.reader.queued.append(BadgeRead(UNKNOWN, taken_at - age_s, "reader"))

    world.reader.at_read[3] = come_late
    world.run()
    assert (len(world.told), len(world.faults())) == (served, 1 - served)


def test_line_that_never_falls_silent_does_not_hang_the_door(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Each badge is a round of the door's loop, and the watchdog is fed in each."""
    fed = []

    def babble(_timeout_s: float) -> BadgeRead:
        world.clock.sleep(0.01)
        fed.append(world.manager.heard().count("WATCHDOG=1"))
        if len(fed) == 50:
            world.stop.set()
        return BadgeRead(UNKNOWN, world.clock.monotonic(), "reader")

    monkeypatch.setattr(world.reader, "read", babble)
    world.run()
    assert fed == [1] * 50


def test_on_a_desk_every_badge_gets_its_answer(
    tmp_path: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], manager: Manager
) -> None:
    world = World(tmp_path / "state", analyzer, portraits, manager, in_turn=True)
    for credential in (UNKNOWN, EILEEN, None, None):
        world.reader.present(credential)
    world.run()
    world.store.close()
    assert len(world.told) == 4


def test_noise_on_the_line_is_one_row_and_its_count(world: World) -> None:
    for _ in range(500):
        world.reader.comes(None)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.BADGE_UNREADABLE]
    assert world.events() == [Event.SERVICE_STARTED, Event.DECISION, Event.FAULT, Event.SERVICE_STOPPED]
    assert world.faults() == ["499 more unreadable badge reads within 60 s."]


@given(st.lists(st.tuples(st.floats(0.0, 50.0), st.booleans()), max_size=60))
def test_every_read_is_served_or_counted_and_noise_makes_a_row_a_minute_at_most(
    arrivals: list[tuple[float, bool]],
) -> None:
    unserved, now, served, counted, rows_at = Unserved(), 0.0, 0, 0, []
    for pause_s, readable in arrivals:
        now += pause_s
        faults = list(unserved.due(now))
        if unserved.is_served(BadgeRead(UNKNOWN if readable else None, now), now):
            served += 1
            faults += [] if readable else ["told"]
        rows_at += [now] * len(faults)
        counted += sum(int(fault.split()[0]) for fault in faults if fault != "told")
    counted += sum(int(fault.split()[0]) for fault in unserved.due(math.inf))
    assert served + counted == len(arrivals)
    assert all(later - before >= 60.0 for before, later in pairwise(rows_at))


def test_count_that_cannot_be_written_is_kept() -> None:
    unserved = Unserved()
    unserved.late = 3
    next(unserved.due(0.0))
    assert list(unserved.due(0.0)) == ["3 badge reads dropped that came while the door was busy."]


def test_flood_of_unknown_badges_is_denied_at_once_with_few_rows(world: World) -> None:
    flood = [parse_badge(f"18:{number}") for number in range(1200)]
    for credential in flood:
        world.reader.comes(credential)
    world.run()
    assert [transaction.credential for transaction in world.told] == flood
    assert world.reader.shown.count(Signal.DENIED) == 1200
    assert len(world.events()) <= 30
    assert world.faults_of(Event.DENIALS_COUNTED) == ["1180 more within 0.0 s, first badge 18:20, last badge 18:1199"]


def test_flood_that_the_door_cannot_keep_up_with_is_a_row_a_minute() -> None:
    unserved = Unserved()
    rows: list[str] = []
    for second in range(600):
        unserved.is_served(BadgeRead(UNKNOWN, second - 5.0), float(second))
        rows += unserved.due(float(second))
    rows += unserved.due(math.inf)
    assert len(rows) <= 11
    assert sum(int(row.split()[0]) for row in rows) == 600


def test_watchdog_is_fed_before_each_read(world: World) -> None:
    world.reader.quiet = 4
    heard = []
    world.reader.before_read = lambda: heard.append(world.manager.heard())
    world.run()
    assert heard[1:] == [["WATCHDOG=1"]] * 4


def test_rounds_are_short_enough_for_any_watchdog(world: World) -> None:
    world.reader.quiet = 4
    world.run()
    assert world.clock.monotonic() / world.reader.reads <= POLL_S


def test_stopping_is_told_last(world: World) -> None:
    world.run()
    assert world.manager.heard()[-1] == "STOPPING=1"


def test_abstract_address_is_reached() -> None:
    manager = Manager(f"@lintel-{os.getpid()}")
    Notifier(manager.address).ready()
    heard = manager.heard()
    manager.socket.close()
    assert heard == ["READY=1"]


@pytest.mark.parametrize("address", [None, "", "/run/none/notify"])
def test_nobody_needs_to_listen(address: str | None) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    Notifier(address).ready()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_address_is_that_of_the_environment(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    Notifier.of_environment().alive()
    assert manager.heard() == ["WATCHDOG=1"]


def test_without_a_service_manager_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    opened: list[object] = []
    monkeypatch.setattr("device.service.socket.socket", lambda *how: opened.append(how))
    Notifier.of_environment().alive()
    assert opened == []


def test_end_of_the_input_ends_the_service(world: World) -> None:
    world.reader.ending = ReaderEnded("The end.", hint="None.")
    world.run()
    assert world.events()[-1] is Event.SERVICE_STOPPED


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


def test_without_a_store_badges_are_denied_with_the_reason_and_the_door_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_what_happened_last_is_written_down_although_the_relay_cannot_be_secured(world: World) -> None:
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


def test_watchdog_is_not_fed_while_the_doors_time_hangs(world: World) -> None:
    world.reader.quiet = 20
    world.reader.at_read[2] = lambda: setattr(world.time, "hangs_since", world.clock.monotonic())
    world.run()
    fed = world.manager.heard().count("WATCHDOG=1")
    assert fed <= 2 + MAX_BEAT_S / POLL_S + 1
    assert world.reader.reads > fed + 5


def test_watchdog_is_not_fed_while_another_door_hangs(world: World) -> None:
    watchdog = Watchdog(world.notifier, world.clock)
    watchdog.add(lambda: 0.0, MAX_SWIPE_S)
    watchdog.feed()
    world.clock.sleep(MAX_SWIPE_S + 0.1)
    watchdog.feed()
    assert world.manager.heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
def test_anything_unforeseen_leaves_the_door_secure(world: World, failure: type[BaseException]) -> None:
    def fail() -> NoReturn:
        world.door.grant()
        raise failure

    world.reader.before_read = fail
    with pytest.raises(failure):
        world.run()
    assert world.levels() == [False, True, False]


def test_badge_read_before_the_stop_is_answered_and_opens_nothing(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.before_read = world.stop.set
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.STOPPING]
    assert world.levels() == [False]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_asks_to_stop(number: Signals) -> None:
    stop = Stop()
    with stopped_by_signals(stop):
        signal.raise_signal(number)
    assert stop.is_set()


def test_signals_are_given_back() -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with stopped_by_signals(Stop()):
        pass
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_during_a_pulse_secures_the_relay_and_ends_well(tmp_path: Path, number: Signals) -> None:
    command = [sys.executable, str(SERVE), str(tmp_path), "10"]
    with started(command, stdout=subprocess.PIPE) as child:
        released = output_of(child).readline()
        child.send_signal(number)
        said = output_of(child).read()  # not communicate(), which misses what readline() has read ahead
        child.wait(timeout=9)
    assert (released, said, child.returncode) == ("released\n", "granted\nlow high low\n", 0)
