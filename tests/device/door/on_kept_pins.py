"""Lintel in another process, on pins that are files (kept_pins/lgpio.py).

Arguments: `hold` keeps the first door of the settings released, as the service does, and says so; `evacuate` does too,
and remembers it, so that it is released again at the next start; all others are for `lintel`.
"""

import os
import sys
import threading
from pathlib import Path

import gpiozero.pins.local

from device.cli.main import main
from device.clock import SystemClock
from device.door.mode import ModeFile
from device.door.operation import Door
from device.door.securing.driven import remember
from device.door.thread import DoorThread
from device.door.wires import chip
from device.door.wires.gpio import board_factory, open_board_io
from device.records import DoorCommand
from device.settings.loading import load_settings, state_dir

PI_4B = 0xC03114


def on_this_board() -> None:
    """A Raspberry Pi 4 with one GPIO chip."""
    sys.path.insert(0, str(Path(__file__).parent / "kept_pins"))
    chip.DEVICES = Path(os.environ["LINTEL_TEST_PINS"])
    (chip.DEVICES / "gpiochip0").touch()
    gpiozero.pins.local.get_pi_revision = lambda: PI_4B


def hold(*, remembers: bool) -> None:
    """An evacuation does not end by itself, so that only the kill can."""
    clock, settings = SystemClock(), load_settings(Path(os.environ["LINTEL_CONFIG"]))
    state = state_dir(settings)
    remember(settings.doors, state=state)
    memory = ModeFile(state, settings.doors[0].name) if remembers else None
    io = open_board_io(settings.doors[0], board_factory(), clock)
    door = Door(settings.doors[0], io, clock, memory)
    DoorThread(door, clock)
    state_after = door.command(DoorCommand.EVACUATE)
    assert door.wait_written(10.0)
    print(state_after, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    on_this_board()
    hold(remembers=sys.argv[1] == "evacuate") if sys.argv[1] in ("hold", "evacuate") else main()
