"""How the service tells systemd that it lives, and how it stops."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from signal import Signals
from typing import NoReturn

import pytest

from device.clock import Stop
from device.door_loop import DoorLoop
from device.notifier import Notifier
from device.records import (
    Reason,
)
from device.signals import stopped_by_signals
from tests.device.service.world import EILEEN, POLL_S, Manager, World
from tests.processes import output_of, started
from tests.there import there

SERVE = Path(__file__).parents[1] / "serve.py"


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
    monkeypatch.setattr("device.notifier.socket.socket", lambda *how: opened.append(how))
    Notifier.of_environment().alive()
    assert opened == []


def test_watchdog_is_fed_for_10_s_while_the_doors_time_hangs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fed_at: list[float] = []
    monkeypatch.setattr(world.notifier, "alive", lambda: fed_at.append(world.clock.monotonic()))
    world.reader.quiet = 200
    world.reader.at_read[2] = lambda: setattr(world.time, "hangs_since", world.clock.monotonic())
    world.run()
    hung_at = there(world.time.hangs_since)
    assert 9.0 < fed_at[-1] - hung_at <= 10.0
    assert world.clock.monotonic() > hung_at + 12.0


def test_watchdog_is_fed_for_70_s_while_a_doors_loop_hangs(world: World) -> None:
    world.clock.sleep(69.9)
    world.service._watchdog.feed()
    assert world.manager.heard() == ["WATCHDOG=1"]
    world.clock.sleep(0.2)
    world.service._watchdog.feed()
    assert world.manager.heard() == []


def test_doors_loop_that_hangs_is_ended_1_s_after_it_is_late(world: World) -> None:
    world.clock.sleep(70.1)
    world.service._watchdog.feed()
    world.clock.sleep(0.9)
    world.service._watchdog.feed()
    assert world.manager.heard() == []
    world.clock.sleep(0.2)
    world.service._watchdog.feed()
    assert world.manager.heard() == ["WATCHDOG=trigger"]


def test_process_that_was_stopped_and_goes_on_is_not_ended(world: World) -> None:
    world.clock.sleep(3600.0)
    world.service._watchdog.feed()
    world.service.rest(0.5)
    world.service._watchdog.feed()
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
        child.wait(timeout=60)
    assert (released, said, child.returncode) == ("released\n", "granted\nlow high low\n", 0)


def test_watchdog_is_not_fed_while_what_looks_through_a_camera_hangs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 70 s it may, as it did when the door's loop waited for it."""
    monkeypatch.setattr(DoorLoop, "last_beat", property(lambda _loop: 0.0))
    world.reader.quiet, fed = 100, list[int]()
    world.reader.before_read = lambda: fed.append(world.manager.heard().count("WATCHDOG=1"))
    world.run()
    assert (sum(fed), fed[-20:]) == (71, [0] * 20)
