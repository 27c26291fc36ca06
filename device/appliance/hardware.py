"""What hangs on the board: GPIO chip, cameras, readers, power, temperature. Judging is pure."""

from collections.abc import Iterator, Sequence

from device import probing
from device.appliance.machine import Machine
from device.appliance.page import Light, Line
from device.door.wires.strict import is_strict
from device.probing import Found
from device.records import DoorStatus

STALE_S = 2.0
"""Age of the newest frame from which a camera stands still, seconds."""
SLOW_FPS, DARK, GLARING, BLURRED = 5.0, 20.0, 235.0, 4.0
"""Limits of a picture's rate, light and detail. A blank wall has its sensor's noise."""
WARM_C, HOT_C = 75.0, 85.0
"""The firmware slows a Pi down from 80 degrees Celsius on, and more from 85."""
NOT_HERE = "not on this machine"
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_HEAT = "sys/class/thermal/thermal_zone0/temp"
_VOLTS = "sys/class/hwmon/*/in0_lcrit_alarm"
CONFIG = ("boot/firmware/config.txt", "boot/config.txt")
"""Where the firmware's settings are."""
_NOW, _SINCE = 0x1, 0x10000
"""Under-voltage, as the firmware's word `get_throttled` has it: now, and since the start."""


def part_line(found: Found, *, is_pi: bool) -> Line:
    """A part that was looked at while no service has it. At a desk a missing one is no surprise."""
    code = _code(found.part)
    if found.trouble:
        return Line(code, Light.RED if is_pi else Light.AMBER, found.trouble.rstrip("."), found.hint, _name(found))
    return Line(code, Light.GREEN, found.name, about=_name(found))


def frame_line(door: DoorStatus) -> Line | None:
    """How fresh the cameras' frames of a door are; None for one without frames, whose trouble says why."""
    if door.frame_age_s is None:
        return None
    what = f"newest frame {door.frame_age_s:.1f} s old"
    if door.frame_age_s > STALE_S:
        return Line("camera", Light.RED, what, "The camera stands still: docs/cameras.md.", door.door)
    return Line("camera", Light.GREEN, what, about=door.door)


def sight_lines(door: DoorStatus) -> Iterator[Line]:
    """Rate, light and focus of a running door's cameras, by a glance while no one is there."""
    for one in door.cameras:
        if one.light is None or one.sharpness is None:
            continue
        about = one.camera
        said = f"{one.rate_fps:.0f} frames a second, light {one.light:.0f} of 255, detail {one.sharpness:.0f}"
        if one.rate_fps < SLOW_FPS:
            yield Line("sight", Light.AMBER, said, "It is slow: docs/cameras.md.", about)
        elif not DARK < one.light < GLARING:
            yield Line("sight", Light.AMBER, said, "It sees next to nothing: look at the light and the lens.", about)
        elif one.sharpness < BLURRED:
            yield Line("sight", Light.AMBER, said, "It sees no detail: clean the lens, set its focus.", about)
        else:
            yield Line("sight", Light.GREEN, said, about=about)


def sights(machine: Machine) -> Iterator[Line]:
    """Of the running service's cameras, each once."""
    lines = {line.about: line for door in machine.doors or () for line in sight_lines(door)}
    yield from lines.values()


def power_line(throttled: int | None, *, is_low: bool) -> Line:
    """Under-voltage by the firmware's bits, None without them, or by the kernel's alarm."""
    hint = "Use the Pi's own power supply, with a short, thick cable."
    if is_low or (throttled or 0) & _NOW:
        return Line("power", Light.RED, "under-voltage now", hint)
    if (throttled or 0) & _SINCE:
        return Line("power", Light.AMBER, "under-voltage since the start", hint)
    return Line("power", Light.GREEN, "no under-voltage since the start" if throttled is not None else "enough now")


def temperature_line(degrees: float) -> Line:
    """The processor's, in degrees Celsius."""
    light = Light.RED if degrees >= HOT_C else Light.AMBER if degrees >= WARM_C else Light.GREEN
    hint = "" if light is Light.GREEN else "Give it air, a heat sink or a fan: it slows down from 80 on."
    return Line("temperature", light, f"{degrees:.0f} degrees Celsius", hint)


def strict_line(*, is_set: bool, magnets: Sequence[str]) -> Line:
    """`dtparam=strict_gpiod`, without which a killed program leaves its pins as they are; `magnets` are such doors."""
    if is_set:
        return Line("strict-gpiod", Light.GREEN, "set: pins of a killed program become inputs")
    if magnets:
        what = f"not set, and the lock without power is open at {', '.join(magnets)}"
        return Line("strict-gpiod", Light.AMBER, what, "Set `dtparam=strict_gpiod`, or see docs/wiring.md why not.")
    return Line("strict-gpiod", Light.GREEN, "not set: the kernel keeps the pins of a killed program")


def gpio(machine: Machine) -> Iterator[Line]:
    """The chip: as the service has it, or as it is found without one."""
    if machine.doors is None:
        yield part_line(probing.chip(machine.settings), is_pi=machine.is_pi)
    elif chips := sorted({door.chip for door in machine.doors if door.chip}):
        yield Line("gpio", Light.GREEN, f"{', '.join(chips)}, held by the service")


def cameras(machine: Machine) -> Iterator[Line]:
    """Frames of the running service; without one, whether each camera is there."""
    if machine.doors is not None:
        yield from (line for line in map(frame_line, machine.doors) if line)
    elif not machine.unasked:
        for one in machine.settings.cameras:
            yield part_line(probing.camera(one), is_pi=machine.is_pi)


def readers(machine: Machine) -> Iterator[Line]:
    """Without a service, whether each reader is there; with one, its doors say which do not work."""
    if machine.doors is None and not machine.unasked:
        for one in machine.settings.readers:
            yield part_line(probing.reader(one), is_pi=machine.is_pi)


def power(machine: Machine) -> Iterator[Line]:
    """The firmware's or the kernel's word on the voltage."""
    throttled = machine.text(_THROTTLED).strip()
    alarms = [machine.text(str(path.relative_to(machine.root))).strip() for path in machine.root.glob(_VOLTS)]
    if throttled or alarms:
        yield power_line(int(throttled, 16) if throttled else None, is_low="1" in alarms)
    else:
        yield Line("power", Light.GREEN, NOT_HERE)


def temperature(machine: Machine) -> Iterator[Line]:
    """The processor's temperature."""
    said = machine.text(_HEAT).strip()
    yield temperature_line(int(said) / 1000) if said else Line("temperature", Light.GREEN, NOT_HERE)


def strict_gpiod(machine: Machine) -> Iterator[Line]:
    """What the firmware's settings say of pins, on a Pi."""
    if not machine.is_pi:
        yield Line("strict-gpiod", Light.GREEN, NOT_HERE)
        return
    is_set = any(is_strict(machine.text(name)) for name in CONFIG)
    magnets = [door.name for door in machine.settings.doors if door.fail_safe]
    yield strict_line(is_set=is_set, magnets=magnets)


def _code(part: str) -> str:
    return {probing.CHIP: "gpio", probing.READER: "reader"}.get(part, "camera")


def _name(found: Found) -> str:
    return found.part.removeprefix("camera ") if _code(found.part) == "camera" else ""
