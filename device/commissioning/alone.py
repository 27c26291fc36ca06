"""Whether the service runs, and so has the pins and the readers that a command wants for itself."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from device.control.client import ask_doors, control_socket
from device.door.lasting import Order
from device.door.mode import ModeFile
from device.errors import DoorError
from device.records import DoorState
from device.settings.loading import state_dir
from device.settings.tables import Settings

SYSTEMD = Path("/run/systemd/system")
"""Exists where systemd runs this machine."""
UNIT = "lintel"


def service_runs() -> bool:
    """Whether a service answers on the operators' socket, or systemd runs the unit.

    A service that can't be asked still has the pins, and the kernel says so when one is taken.
    """
    socket, doors = control_socket(), None
    with suppress(DoorError):
        doors = ask_doors(socket) if socket else None
    return doors is not None or _unit_is_active()


def refuse_in_emergency(settings: Settings) -> None:
    """Raises `DoorError` if a door is evacuated or in lockdown, as it was written down last.

    A pin that is tried would lock the way out of those, or open the door in these.
    """
    folder = state_dir(settings)
    for door in settings.doors:
        memory = ModeFile(folder, door.name)
        mode = memory.read()[0].mode
        if memory.is_evacuated():
            raise _in_emergency(door.name, DoorState.EVACUATION)
        if mode.switched or mode.ordered is Order.LOCKDOWN:
            raise _in_emergency(door.name, DoorState.LOCKDOWN)


def refuse_to_stop_in_emergency() -> None:
    """Raises `DoorError` if the service that runs has a door evacuated or in lockdown."""
    socket, emergency = control_socket(), None
    with suppress(DoorError):  # one that can't be asked says nothing; what it wrote down counts later
        doors = (ask_doors(socket) if socket else None) or ()
        emergency = next((one for one in doors if one.state in (DoorState.EVACUATION, DoorState.LOCKDOWN)), None)
    if emergency is not None:
        raise _in_emergency(emergency.door, emergency.state)


def _in_emergency(door: str, state: DoorState) -> DoorError:
    words = "evacuated" if state is DoorState.EVACUATION else "in lockdown"
    return DoorError(
        f"Door {door} is {words}, so its pins stay as they are.",
        hint="End that first: `lintel door clear`, or the switch at the door.",
    )


def _unit_is_active() -> bool:
    systemctl = shutil.which("systemctl")
    if systemctl is None or not SYSTEMD.is_dir():
        return False
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run([systemctl, "is-active", "--quiet", UNIT], timeout=5, check=False)  # noqa: S603
        return asked.returncode == 0
    return False
