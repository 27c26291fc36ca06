"""Whether the service runs, and so has the pins and the readers that a command wants for itself."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from device.control.client import ask_doors, control_socket
from device.errors import DoorError

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


def _unit_is_active() -> bool:
    systemctl = shutil.which("systemctl")
    if systemctl is None or not SYSTEMD.is_dir():
        return False
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run([systemctl, "is-active", "--quiet", UNIT], timeout=5, check=False)  # noqa: S603
        return asked.returncode == 0
    return False
