"""A program that drives a relay by hand: whatever ends it, the door is locked; in an emergency it drives nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from device.commissioning import alone
from device.commissioning.aftercare import secured_when_killed
from device.commissioning.alone import refuse_in_emergency, refuse_to_stop_in_emergency
from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.wires.chip import Chip
from device.errors import DoorError
from device.records import DoorState, DoorStatus, Outputs
from device.settings.tables import Settings, StoreSettings
from tests.rig.board import STRIKE, Board
from tests.rig.rig import SHIM
from tests.rig.unit import ROOT
from tests.waiting import until

CODE = """
import sys
from device.commissioning.walkthrough import Walkthrough, board_bench
from device.records import DoorState, DoorStatus, Outputs
from device.settings.tables import Settings, StoreSettings

class Hands:
    def say(self, text): pass
    def confirm(self, question): return True
    def act(self, wire, line): pass

settings = Settings(store=StoreSettings(state_dir=sys.argv[1]))
with board_bench(settings) as bench:
    print([str(one.result) for one in Walkthrough(bench, Hands(), 1.0).through(settings.doors[0])], flush=True)
"""
LOCKED = Chip("pinctrl-bcm2711", "/dev/gpiochip0", 58)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setenv("LINTEL_RIG", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{SHIM}{os.pathsep}{ROOT}")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return Board(tmp_path)


def killed(program: "subprocess.Popen[bytes]") -> None:
    program.kill()


def session_ended(program: "subprocess.Popen[bytes]") -> None:
    """As logind ends one: several signals at once."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        program.send_signal(number)


@pytest.mark.slow(small="test_program_that_is_killed_leaves_its_relay_locked")
@pytest.mark.parametrize("end", [killed, session_ended])
def test_walkthrough_that_is_ended_in_the_pulse_locks(
    board: Board, tmp_path: Path, end: Callable[["subprocess.Popen[bytes]"], None]
) -> None:
    with subprocess.Popen([sys.executable, "-P", "-c", CODE, str(tmp_path)], stderr=subprocess.DEVNULL) as program:
        until(lambda: any(level.high for level in board.levels()))
        end(program)
    until(lambda: not board.is_released())
    first, second = (level.at for level in board.levels() if level.high), board.levels()[-1].at
    assert second - next(first) < 2.0


def test_program_that_is_killed_leaves_its_relay_locked(board: Board, tmp_path: Path) -> None:
    """Here the program drives nothing itself: the pin is as a dead one has left it."""
    (tmp_path / "pins" / str(STRIKE)).write_bytes(b"1")
    with suppress(RuntimeError), secured_when_killed(Settings().doors, LOCKED):
        assert board.is_released()
        raise RuntimeError
    assert not board.is_released()


def test_program_that_ends_in_order_is_left_alone(board: Board) -> None:
    with secured_when_killed(Settings().doors, LOCKED):
        pass
    assert board.levels() == []


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode(ordered=Order.EVACUATION), "main is evacuated"),
        (Mode(fire=True), "main is evacuated"),
        (Mode(ordered=Order.LOCKDOWN), "main is in lockdown"),
        (Mode(switched=True), "main is in lockdown"),
    ],
)
def test_no_pin_is_tried_in_an_emergency(tmp_path: Path, mode: Mode, words: str) -> None:
    settings = msgspec.structs.replace(Settings(), store=StoreSettings(state_dir=str(tmp_path)))
    refuse_in_emergency(settings)
    memory = ModeFile(tmp_path, "main")
    memory.write(Lasting(mode))
    memory.close()
    with pytest.raises(DoorError, match=words):
        refuse_in_emergency(settings)


@pytest.mark.parametrize(
    ("state", "words"),
    [(DoorState.EVACUATION, "side is evacuated"), (DoorState.LOCKDOWN, "side is in lockdown")],
)
def test_service_is_not_stopped_in_an_emergency(monkeypatch: pytest.MonkeyPatch, state: DoorState, words: str) -> None:
    doors = [DoorStatus("main", DoorState.LOCKED, 0.0, (), Outputs()), DoorStatus("side", state, 0.0, (), Outputs())]
    monkeypatch.setattr(alone, "control_socket", lambda: Path("socket"))
    monkeypatch.setattr(alone, "ask_doors", lambda _socket: doors)
    with pytest.raises(DoorError, match=words):
        refuse_to_stop_in_emergency()


def test_service_that_is_not_there_may_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    refuse_to_stop_in_emergency()
    assert list(tmp_path.iterdir()) == []
