"""SIGHUP: new settings are checked first, and come into force in a moment when no door is at work."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from device.clock import Stop
from device.errors import ConfigError
from device.notifier import Notifier
from device.records import DoorCommand, DoorInput, DoorState, DoorStatus, Outputs
from device.reloading import Reload, begin_again, doors_at_work
from device.settings.lock import GpioSettings
from device.settings.pins import used_pins
from device.settings.tables import AccessSettings, DoorSettings, InputSettings, Settings
from device.signals import stopped_by_signals
from tests.rig.rig import Rig, new_rig
from tests.waiting import until

OLD = Settings()
FREE = 5
CHIP = "/dev/gpiochip0"
NEW = msgspec.structs.replace(OLD, access=AccessSettings(face_timeout_s=7.0))


class File:
    """A settings file, as it is read."""

    def __init__(self, says: Settings | Exception) -> None:
        self.says = says

    def load(self) -> Settings:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def status_of(rig: Rig) -> tuple[str, ...]:
    """A door's troubles."""
    status = rig.status()
    return status.troubles if status else ()


def asked(reload: Reload, at_work: str = "") -> bool:
    """Whether it is due once the file was read."""
    reload.request()
    found: list[bool] = []

    def is_over() -> bool:
        found.append(reload.is_due(lambda: at_work))
        return found[-1] or bool(reload.said and "in order" not in reload.said)

    until(is_over)
    return found[-1]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    assert not Reload(File(NEW).load, OLD, print).is_due(lambda: "")


def test_new_settings_are_due_when_no_door_is_at_work() -> None:
    assert asked(Reload(File(NEW).load, OLD, print))


def test_new_settings_wait_for_a_door_at_work_and_say_so() -> None:
    reload = Reload(File(NEW).load, OLD, print)
    assert not asked(reload, "door main is released")
    assert reload.said == "new settings wait: door main is released"
    until(lambda: reload.is_due(lambda: ""))


def test_file_that_became_wrong_while_it_waited_is_refused() -> None:
    """By the time the door is locked again, the service would find a file that it can't begin with."""
    file = File(NEW)
    reload = Reload(file.load, OLD, print)
    assert not asked(reload, "door main is released")
    file.says = ConfigError("Wrong.", hint="Look.")
    dues: list[bool] = []

    def is_refused() -> bool:
        dues.append(reload.is_due(lambda: ""))
        return bool(reload.trouble())

    until(is_refused)
    assert not any(dues)
    assert not reload.is_due(lambda: "")


def test_settings_as_before_change_nothing() -> None:
    reload = Reload(File(OLD).load, OLD, print)
    assert not asked(reload)
    assert reload.said.endswith("nothing has changed")


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (ConfigError("The settings file x is wrong: y.", hint="Look."), "The settings file x is wrong: y. Look."),
        (RuntimeError("a library's word"), "They can't be read"),
        (msgspec.structs.replace(OLD, gpio=GpioSettings(chip="other")), "[gpio] can't change"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(says: Settings | Exception, why: str) -> None:
    reload = Reload(File(says).load, OLD, print)
    assert not asked(reload)
    assert why in reload.trouble()
    assert "those before are in force" in reload.said


def test_trouble_ends_with_the_next_settings_in_order() -> None:
    file = File(ConfigError("Wrong.", hint="Look."))
    reload = Reload(file.load, OLD, print)
    asked(reload)
    file.says = OLD
    reload.said = ""
    asked(reload)
    assert reload.trouble() == ""


def test_each_answer_is_reported_once() -> None:
    lines: list[str] = []
    reload = Reload(File(NEW).load, OLD, lines.append)
    asked(reload, "door main is evacuated")
    for _ in range(3):
        reload.is_due(lambda: "door main is evacuated")
    assert lines == ["Settings: new settings are in order.", "Settings: new settings wait: door main is evacuated."]


@dataclass
class StandIn:
    """A door, as far as it is asked."""

    state: DoorState = DoorState.LOCKED
    released: bool = False
    is_scheduled: bool = False
    name: str = "main"

    def status(self) -> DoorStatus:
        return DoorStatus(self.name, self.state, 0.0, (), Outputs(released=self.released))


@pytest.mark.parametrize(
    ("door", "busy", "words"),
    [
        (StandIn(), [], ""),
        (StandIn(DoorState.LOCKDOWN), [], ""),
        (StandIn(DoorState.FAULT), [], ""),
        (StandIn(DoorState.EVACUATION, released=True), [], "door main is evacuated"),
        (StandIn(DoorState.RELEASED, released=True), [], "door main is released"),
        (StandIn(DoorState.RELEASED, released=True, is_scheduled=True), [], ""),
        (StandIn(), ["main"], "someone is at door main"),
    ],
)
def test_what_speaks_against_a_new_beginning(door: StandIn, busy: list[str], words: str) -> None:
    assert doors_at_work([door], busy) == words  # type: ignore[list-item]  # as much of a door as is asked for


def test_hang_up_of_a_service_asks_for_new_settings_alone() -> None:
    stop, heard = Stop(), []
    with stopped_by_signals(stop, lambda: heard.append("reload")):
        signal.raise_signal(signal.SIGHUP)
    assert (heard, stop.is_set()) == (["reload"], False)


@pytest.fixture
def held_pins(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """What the kernel says of a chip's lines, by their numbers."""
    held: dict[int, str] = {}
    monkeypatch.setattr(
        "device.reloading.holders", lambda _chip, lines: {pin: held[pin] for pin in sorted(lines) if pin in held}
    )
    return held


def with_wires(pin: int, rex: int | None = None) -> Settings:
    """One door, its relay on that pin, and perhaps an exit button."""
    inputs = () if rex is None else (InputSettings(signal=DoorInput.REX, pin=rex),)
    return msgspec.structs.replace(OLD, doors=(DoorSettings(pin=pin, inputs=inputs),))


def test_new_pin_that_another_program_holds_is_refused(held_pins: dict[int, str]) -> None:
    held_pins |= {5: "relayd", 6: ""}
    reload = Reload(File(with_wires(5, rex=6)).load, with_wires(17), print)
    reload.chip = CHIP
    assert not asked(reload)
    assert "GPIO 5, the relay of door main, is held by relayd" in reload.trouble()
    assert "GPIO 6, input rex of door main, is held by another program" in reload.trouble()


@pytest.mark.parametrize(
    ("before", "after"),
    [(with_wires(17), with_wires(17, rex=5)), (with_wires(17, rex=5), with_wires(5, rex=17))],
    ids=["new and free", "its own, for another wire"],
)
def test_pins_that_are_free_or_its_own_are_taken(held_pins: dict[int, str], before: Settings, after: Settings) -> None:
    held_pins |= {one.pin: "lg" for one in used_pins(before)}
    reload = Reload(File(after).load, before, print)
    reload.chip = CHIP
    assert asked(reload)


def test_chip_that_cannot_be_asked_refuses_nothing(tmp_path: Path) -> None:
    reload = Reload(File(with_wires(5)).load, with_wires(17), print)
    reload.chip = str(tmp_path / "gpiochip0")
    assert asked(reload)


@pytest.fixture
def hung_up() -> Iterator[None]:
    """SIGHUP has come while it is kept waiting, as from one life of the service to the next."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    signal.raise_signal(signal.SIGHUP)
    yield
    assert signal.SIGHUP not in signal.sigpending()
    assert signal.SIGHUP not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.usefixtures("hung_up")
def test_hang_up_between_two_lives_is_heard_by_the_new_one() -> None:
    stop, heard = Stop(), []
    with stopped_by_signals(stop, lambda: heard.append("reload")):
        assert heard == ["reload"]


@pytest.mark.usefixtures("hang_ups")
@pytest.mark.parametrize("is_asked", [True, False])
def test_request_of_the_last_moment_goes_to_the_next_life(is_asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pending: list[bool] = []
    monkeypatch.setattr("os.execv", lambda *_command: pending.append(signal.SIGHUP in signal.sigpending()))
    heard: list[str] = []
    with stopped_by_signals(Stop(), lambda: heard.append("reload")):
        begin_again(lambda: is_asked)
    with stopped_by_signals(Stop(), lambda: heard.append("reload")):
        assert (pending, heard) == ([is_asked], ["reload"] if is_asked else [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_that_is_stopped_does_not_begin_again(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the moments in which it closes everything for a new life."""
    begun: list[object] = []
    monkeypatch.setattr("os.execv", lambda *command: begun.append(command))
    with stopped_by_signals(Stop(), lambda: None) as stopped:
        signal.raise_signal(number)
        begin_again(is_stopped=stopped.is_set)
    assert begun == []
    assert number not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_stop_between_two_lives_is_heard_by_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.execv", lambda *_command: signal.raise_signal(signal.SIGTERM))
    with stopped_by_signals(Stop(), lambda: None) as stopped:
        begin_again(is_stopped=stopped.is_set)
        assert not stopped.is_set()
    stop = Stop()
    with stopped_by_signals(stop, lambda: None):
        assert stop.is_set()


def waits_here(number: signal.Signals) -> bool:
    """In this thread, and no longer for whichever thread takes it."""
    said = dict(line.split(":\t", 1) for line in Path("/proc/thread-self/status").read_text().splitlines())
    here, anywhere = (int(said[name], 16) >> number - 1 & 1 for name in ("SigPnd", "ShdPnd"))
    return bool(here and not anywhere)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_that_another_thread_gets_is_heard_by_the_new_life(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads of the old one that hang in a driver block no signal, and the kernel gives it to one of them."""

    def signaled(*_command: object) -> None:
        os.kill(os.getpid(), number)
        until(lambda: waits_here(number))

    monkeypatch.setattr("os.execv", signaled)
    stop, heard, over = Stop(), list[str](), threading.Event()
    hung = threading.Thread(target=over.wait)
    hung.start()
    try:
        with stopped_by_signals(Stop(), lambda: None) as stopped:
            begin_again(is_stopped=stopped.is_set)
    finally:
        over.set()
        hung.join()
    with stopped_by_signals(stop, lambda: heard.append("reload")):
        assert (stop.is_set(), heard) == ((False, ["reload"]) if number == signal.SIGHUP else (True, []))


def test_new_beginning_is_no_stop_for_the_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    notifier, said = Notifier(None), list[str]()
    monkeypatch.setattr(notifier, "_send", said.append)
    notifier.reloading()
    notifier.stopping()
    (message,) = said
    first, second = message.split("\n")
    assert first == "RELOADING=1"
    assert second.startswith("MONOTONIC_USEC=")
    assert int(second.partition("=")[2]) > 0


@pytest.mark.slow(small="test_new_settings_are_due_when_no_door_is_at_work")
def test_service_begins_again_in_lockdown_as_the_same_process() -> None:
    with new_rig(source="csi:0") as rig:
        unit = rig.start()
        process = unit.process
        rig.settings.write_text(f"{rig.settings.read_text()}\nnonsense = 1\n")
        unit.kill(signal.SIGHUP)
        until(lambda: any("settings: New settings were refused" in one for one in status_of(rig)))
        with rig.board.held(FREE):
            rig.configure(source="csi:0", strike=FREE)
            unit.kill(signal.SIGHUP)
            until(lambda: any(f"GPIO {FREE}, the relay of door main, is held by lg" in one for one in status_of(rig)))
        rig.configure(source="csi:0", strike_time_s=0.3)
        rig.command(DoorCommand.LOCKDOWN)
        at = unit.kill(signal.SIGHUP)
        assert unit.when_said("READY=1", since=at, within_s=60.0) is not None
        status = rig.status()
        assert status is not None
        assert (unit.process, unit.ended, status.state) == (process, [], DoorState.LOCKDOWN)
        assert not rig.board.is_released()
