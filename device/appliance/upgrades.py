"""An upgrade on this machine: the moment that it waits for, and what doctor says of the last one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from device.appliance.machine import Machine
from device.appliance.page import Light, Line
from device.errors import DoorError
from device.ports import Clock
from device.records import DoorState, DoorStatus
from device.upgrade_marks import upgrade_marks

POLL_S, LATER_POLL_S, SOON_S = 0.2, 1.0, 60.0
"""The doors are asked five times a second in the first minute, as apt waits, and once a second from then on."""
RESTART_S = 30.0
SERVICE = "lintel.service"
_AT_WORK = (DoorState.RELEASED, DoorState.OPEN, DoorState.EVACUATION)


def is_quiet(doors: tuple[DoorStatus, ...] | None) -> bool:
    """Whether no door is released, by whatever, or open by right, and no one is at a reader without a verdict; True
    where no service answers.
    """
    return not any(one.outputs.released or one.attended or one.state in _AT_WORK for one in doors or ())


def wait_until_quiet(
    doors: Callable[[], tuple[DoorStatus, ...] | None],
    seconds: float,
    clock: Clock,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> bool:
    """Whether within that time there was a quiet moment, as `is_quiet` has it."""
    began = clock.monotonic()
    while not is_quiet(doors()):
        waited = clock.monotonic() - began
        if waited >= seconds:
            return False
        pause(POLL_S if waited < SOON_S else LATER_POLL_S)
    return True


def restart(process: int) -> None:
    """Begins a restart of the service: SIGTERM to its `process` (0: none), then a job of the service manager.

    The signal comes first, as the manager is slow on a busy machine. Raises `DoorError` if the manager refuses.
    """
    with suppress(OSError):  # it has ended, or this may not signal it: the manager does it
        if process > 1:
            os.kill(process, signal.SIGTERM)
    command = ["systemctl", "restart", "--no-block", SERVICE]
    if subprocess.run(command, check=False, timeout=RESTART_S).returncode:  # noqa: S603 - constants
        raise DoorError(
            f"The service manager did not take the restart of {SERVICE}.",
            hint="`systemctl status lintel` says how it is; `sudo /usr/libexec/lintel/turn` tries again.",
        )


def process_of_service() -> int:
    """Process number of the running service, from the service manager; 0 if it does not run."""
    command = ["systemctl", "show", "--property=MainPID", "--value", SERVICE]
    said = subprocess.run(  # noqa: S603 - constants
        command, check=False, timeout=RESTART_S, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    return int(said) if said.isdecimal() else 0


def upgrade_lines(machine: Machine) -> Iterator[Line]:
    """What the last upgrade left: a line where it failed or waits for a restart."""
    marks = upgrade_marks(machine.root)
    if marks.failed:
        hint = "See docs/install.md; `sudo /usr/libexec/lintel/turn` tries again."
        yield Line("upgrade", Light.RED, marks.words, hint)
    elif marks.waiting:
        hint = "It is used by itself then. A release by schedule, an open door or an evacuation keeps it waiting."
        yield Line("upgrade", Light.AMBER, marks.words, hint)
    else:
        yield Line("upgrade", Light.GREEN, "no version waits")
