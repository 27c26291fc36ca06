"""The board's GPIO chip through lgpio, and the level that secures a relay; loads nothing else."""

import contextlib
import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from device.door_settings import DoorSettings
from device.errors import DoorError
from device.files import runtime_dir

DEVICES = Path("/dev")
DEVICE_TREE_REVISION = Path("/proc/device-tree/system/linux,revision")
CPU_INFO = Path("/proc/cpuinfo")
CHIP_HINT = "Add this user to the group gpio, and see that a Raspberry Pi's GPIO is what /dev/gpiochip0 is."
PI_5_TYPE = 0x17
"""In the revision code of a Raspberry Pi 5, bits 4 to 11 (raspberrypi.com, "Raspberry Pi revision codes")."""


def level_of(settings: DoorSettings, *, released: bool) -> bool:
    """The level, true for high, at which the relay's input releases the strike or secures it.

    A fail-secure strike is energized to be released, a fail-safe one to be locked.
    """
    energized = released != settings.fail_safe
    return energized == settings.active_high


def relay_use(settings: DoorSettings) -> str:
    """The pin and what it is for."""
    return f"GPIO {settings.pin}, the relay of door {settings.name}"


def lgpio_of_board() -> Any:  # noqa: ANN401 - lgpio is untyped
    """The module. Raises `DoorError` if there is no GPIO chip here, or no lgpio; never falls back to anything else."""
    if not any(DEVICES.glob("gpiochip*")):
        raise DoorError(
            "There is no GPIO chip on this machine (no /dev/gpiochip*), so there is no relay to drive.",
            hint="Run this on a Raspberry Pi, or try `lintel simulate`, which needs no hardware.",
        )
    try:
        # lgpio makes a FIFO in the folder where it is imported, and fails where it may not.
        with TemporaryDirectory(prefix="lintel-", dir=runtime_dir()) as folder, contextlib.chdir(folder):
            import lgpio
    except OSError as error:
        raise DoorError(
            f"lgpio needs a folder to write into: {error.strerror}.", hint="Make room for temporary files: `df /tmp`."
        ) from None
    except ImportError:
        raise DoorError(
            "The package lgpio is not installed, which drives the GPIO pins.",
            hint="pip install 'lintel[pi]'",
        ) from None
    return lgpio


def chip_number() -> int:
    """Which /dev/gpiochip has the pins of the header, as gpiozero 2.0.1 has it: early kernels of the Pi 5 call it 4."""
    is_pi_5 = (revision() & 0xFF0) >> 4 == PI_5_TYPE
    return 4 if is_pi_5 and (DEVICES / "gpiochip4").exists() else 0


def revision() -> int:
    """The revision code of this Raspberry Pi. Raises `DoorError` if it is none."""
    with contextlib.suppress(OSError, struct.error):
        return int(struct.unpack(">L", DEVICE_TREE_REVISION.read_bytes())[0])
    with contextlib.suppress(OSError, ValueError):
        for line in CPU_INFO.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("Revision"):
                return int(line.rpartition(":")[2], 16)
    raise DoorError("This machine is no Raspberry Pi: it has no revision code.", hint=CHIP_HINT)
