"""What `lintel doctor` says of the doors' pins: their level at boot, and who else holds them. Judging is pure."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from device import probing
from device.appliance.hardware import CONFIG, NOT_HERE
from device.appliance.machine import Machine
from device.appliance.page import Light, Line
from device.door.wires.held import holders
from device.settings.tables import DoorSettings

PULLED_UP = range(9)
"""BCM pins with a pull-up resistor at power-on; all others are pulled down (BCM2711 and RP1 alike)."""
OWN = frozenset({"lg", "lgpio", "lintel"})
"""What the kernel calls the holder of the service's lines."""
_SAID = re.compile(r"^gpio=([\d,-]+)=([a-z,]+)$")
_CHIP = re.compile(r"/dev/gpiochip\d+")


def boot_line(door: DoorSettings, told: dict[int, set[str]]) -> Line:
    """The relay's level from power-on until the service drives it; `told` is what the firmware's settings say."""
    words = told.get(door.pin, set())
    is_high = door.pin in PULLED_UP
    is_high = (is_high or bool(words & {"pu", "dh"})) and not words & {"pd", "dl"}
    level = f"GPIO {door.pin} is {'high' if is_high else 'low'} at power-on"
    is_energized = is_high == (door.active_high is not False)
    if door.fail_safe:  # open without current, so it is held from the service's start on, as after each loss of power
        if is_energized:
            return Line("relay-boot", Light.GREEN, f"{level}, which holds the magnet", about=door.name)
        hint = "So does a loss of power; what must stay shut then takes a strike: docs/wiring.md."
        return Line(
            "relay-boot", Light.AMBER, f"{level}, so the magnet is open until the service runs", hint, door.name
        )
    if is_energized:
        secure = "op,dl" if door.active_high is not False else "op,dh"
        hint = f"Write `gpio={door.pin}={secure}` into config.txt, and put a pull resistor on the wire: docs/wiring.md."
        return Line("relay-boot", Light.RED, f"{level}, which releases the door", hint, door.name)
    return Line("relay-boot", Light.GREEN, f"{level}, and so secure", about=door.name)


def told_by(config: Iterable[str]) -> dict[int, set[str]]:
    """What lines of config.txt say of each pin, the last of it; sections for other boards count as well."""
    told: dict[int, set[str]] = {}
    for line in config:
        if found := _SAID.match(line.partition("#")[0].strip().replace(" ", "")):
            for pin in _pins(found[1]):
                told[pin] = set(found[2].split(","))
    return told


def holder_lines(held: dict[int, str], doors: Iterable[DoorSettings], *, is_running: bool) -> Iterator[Line]:
    """`held` are the holders of lines by their numbers, as the kernel names them."""
    strangers = {
        pin: holder
        for door in doors
        for pin in _wires(door)
        if (holder := held.get(pin)) is not None and not (is_running and holder in OWN)
    }
    for pin, holder in sorted(strangers.items()):
        hint = "`gpioinfo` shows it; end that program, or choose another pin."
        yield Line("pins", Light.RED, f"GPIO {pin} is held by {holder or 'another program'}", hint)
    if not strangers:
        yield Line("pins", Light.GREEN, "held by the service alone" if is_running else "free for the service")


def relay_boot(machine: Machine) -> Iterator[Line]:
    """Each door's, on a Pi."""
    if not machine.is_pi:
        yield Line("relay-boot", Light.GREEN, NOT_HERE)
        return
    told = told_by(line for name in CONFIG for line in machine.text(name).splitlines())
    for door in machine.settings.doors:
        yield boot_line(door, told)


def pins(machine: Machine) -> Iterator[Line]:
    """Who holds the doors' pins; asks the kernel, and takes none."""
    if machine.is_simulated or machine.unasked:
        return
    running = machine.doors is not None
    said = " ".join(door.chip for door in machine.doors or ()) or probing.chip(machine.settings).name
    if found := _CHIP.search(said):
        try:
            held = holders(Path(found[0]), {pin for door in machine.settings.doors for pin in _wires(door)})
        except OSError:
            hint = "Run it with sudo, or as a member of the group `gpio`."
            yield Line("pins", Light.AMBER, f"this user can't ask {found[0]} who holds them", hint)
        else:
            yield from holder_lines(held, machine.settings.doors, is_running=running)


def _wires(door: DoorSettings) -> tuple[int, ...]:
    return (door.pin, *(one.pin for one in door.inputs if one.pin is not None), *(one.pin for one in door.outputs))


def _pins(said: str) -> Iterator[int]:
    for part in said.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last.isdigit() or not last):
            yield from range(int(first), int(last or first) + 1)
