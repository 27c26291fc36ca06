"""The files that a door's mode is kept in."""

from pathlib import Path

from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import ModeFile

LOCKED_DOWN = Lasting(Mode(ordered=Order.LOCKDOWN), Standing.CLOSED)
EVACUATED = Lasting(Mode(ordered=Order.EVACUATION), Standing.CLOSED)
OLD_LOCKDOWN = b'{"ordered":"lockdown","switched":false,"fire":false}'


def again(folder: Path) -> ModeFile:
    """The memory of the next process."""
    return ModeFile(folder / "state", "main")


def slot_files(folder: Path) -> list[Path]:
    return sorted((folder / "state").glob("door-main.mode-?"))
