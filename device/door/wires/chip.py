"""The board's GPIO chip, found by its label through lgpio, and the level that secures a relay; loads nothing else.

A chip's number changes with the kernel: a Raspberry Pi 5's header has been gpiochip4, gpiochip0, and one of 11 to 15.
"""

import contextlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from device.door.wires.pin_errors import all_of, collected, named
from device.errors import DoorError
from device.failures import in_words
from device.files import runtime_dir
from device.settings.lock import LockSettings

DEVICES = Path("/dev")
LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""Of the chip that has the header's pins, by the kernel's driver: Raspberry Pi 5; 4; all before, and the Zero 2."""
CHIP_HINT = "Add this user to the group gpio: `ls -l /dev/gpiochip*` shows who may use which chip."
SETTING_HINT = "Set `gpio.chip` to the label or the path of the chip that the relay is wired to."


class Chip(msgspec.Struct, frozen=True):
    """A GPIO chip that was found."""

    label: str
    path: str
    lines: int

    def __str__(self) -> str:
        return f"{self.label}, {self.path}, {self.lines} lines"


class OpenChip(msgspec.Struct, frozen=True):
    """A chip that lgpio has open: what was asked for its label is what will be driven."""

    chip: Chip
    number: int
    handle: int


def level_of(settings: LockSettings, *, released: bool) -> bool:
    """The level, true for high, at which the relay's input releases the strike or secures it.

    A fail-secure strike is energized to be released, a fail-safe one to be locked.
    """
    energized = released != settings.fail_safe
    return energized == settings.active_high


def relay_use(settings: LockSettings) -> str:
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
            f"lgpio needs a folder to write into: {in_words(error)}.", hint="Make room for temporary files: `df /tmp`."
        ) from None
    except ImportError:
        raise DoorError(
            "The package lgpio, which drives the GPIO pins, is not installed.",
            hint=_lgpio_hint(sys.version_info[:2]),
        ) from None
    return lgpio


def _lgpio_hint(python: tuple[int, int]) -> str:
    """There are wheels on the index up to Python 3.12."""
    if python < (3, 13):
        return "Install it beside Lintel: pip install lgpio"
    return (
        "Python 3.13 takes it from Debian: sudo apt install python3-lgpio, and let Lintel's environment see it: "
        "sudo python3 -m venv --system-site-packages --upgrade /opt/lintel"
    )


def open_chip(lgpio: Any, wanted: str | Chip = "") -> OpenChip:  # noqa: ANN401 - lgpio is untyped
    """Opens the chip with the label or path `wanted`, the one that was found before, or without either a Pi's own.

    Raises `DoorError` that lists the chips seen, with their labels, unless exactly one matches.
    """
    seen, errors = _opened(lgpio)
    found = [one for one in seen if one.chip in _matching([each.chip for each in seen], wanted)]
    for one in seen:
        if [one] != found:
            lgpio.gpiochip_close(one.handle)
    if len(found) == 1:
        return found[0]
    if not seen and errors:
        raise all_of(errors)
    raise _not_one(wanted, len(found), [*(str(one.chip) for one in seen), *(error.message for error in errors)])


def find_chip(wanted: str = "") -> Chip:
    """The chip that `open_chip` would open, which is closed again. Raises `DoorError` as `lgpio_of_board` and that."""
    lgpio = lgpio_of_board()
    opened = open_chip(lgpio, wanted)
    lgpio.gpiochip_close(opened.handle)
    return opened.chip


def resolved(path: str) -> str:
    """Where a path to a chip leads; a link, as one for an earlier number, is followed."""
    return f"/dev/{(DEVICES / Path(path).name).resolve().name}"


def is_there(chip: Chip) -> bool:
    """Whether there is still a chip at its path; its outputs end when it is unplugged."""
    return (DEVICES / Path(chip.path).name).exists()


def _opened(lgpio: Any) -> tuple[list[OpenChip], list[DoorError]]:  # noqa: ANN401
    """Every chip, each once, as a number may be a link to another one; and why others cannot be opened."""
    names = {path.resolve().name.removeprefix("gpiochip") for path in DEVICES.glob("gpiochip*")}
    seen: list[OpenChip] = []
    errors: list[DoorError] = []
    for number in sorted(int(name) for name in names if name.isdecimal()):
        path = f"/dev/gpiochip{number}"
        with collected(errors), named(f"open the GPIO chip {path}", hint=CHIP_HINT):
            handle = lgpio.gpiochip_open(number)
            _, lines, _, label = lgpio.gpio_get_chip_info(handle)
            seen.append(OpenChip(Chip(label, path, lines), number, handle))
    return seen, errors


def _matching(seen: list[Chip], wanted: str | Chip) -> list[Chip]:
    if isinstance(wanted, Chip):
        alike = [chip for chip in seen if chip.label == wanted.label]
        return [chip for chip in alike if chip.path == wanted.path] if len(alike) > 1 else alike
    if wanted.startswith("/"):
        return [chip for chip in seen if chip.path == resolved(wanted)]
    return [chip for chip in seen if chip.label == wanted or (not wanted and chip.label in LABELS)]


def _not_one(wanted: str | Chip, count: int, seen: list[str]) -> DoorError:
    label = wanted.label if isinstance(wanted, Chip) else wanted
    what = label or f"a Raspberry Pi's ({', '.join(LABELS)})"
    return DoorError(
        f"Expected one GPIO chip that is {what}, found {count}. Seen: {'; '.join(seen) or 'none'}.",
        hint=f"{SETTING_HINT} {CHIP_HINT}",
    )
