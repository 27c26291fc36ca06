"""What wears out or is left open: battery clock, flash, file system, the unit's sandbox. Judging is pure."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from device.appliance.hardware import NOT_HERE
from device.appliance.machine import Machine
from device.appliance.page import Light, Line

BEFORE_S = 1_700_000_000
"""A battery clock that shows an earlier time, seconds since 1970, has no battery."""
MOST_EXPOSED = 0.8
"""What `systemd-analyze security` may rate the unit, as it is delivered."""
_UNITS = ("etc/systemd/system/lintel.service", "usr/lib/systemd/system/lintel.service")
_RATE_S = 20.0


def rtc_line(seconds: int | None, *, is_pi: bool) -> Line:
    """The battery clock's time, seconds since 1970; None without one."""
    hint = "Fit one with a battery: after a power cut the time of day is not trusted until it is synchronized."
    if seconds is None:
        return Line("rtc", Light.AMBER if is_pi else Light.GREEN, "no battery clock", hint if is_pi else "")
    if seconds < BEFORE_S:
        return Line("rtc", Light.AMBER, "the battery clock shows a time long ago: it has no battery", hint)
    return Line("rtc", Light.GREEN, "a battery clock keeps the time")


def wear_line(lives: Sequence[str], errors: int) -> Line:
    """`lives` are the words of flash about its life (eMMC: 0x01 is up to 10 % used, 0x0b beyond its end); `errors` are
    those that the file systems have counted.
    """
    used = max((int(word, 16) for life in lives for word in life.split()), default=0)
    hint = "Make a backup now, and change the card: docs/backup.md."
    if errors:
        return Line("wear", Light.RED, f"the file system has counted {errors} errors", hint)
    if used >= 0xA:
        return Line("wear", Light.RED, "the flash is at the end of its life", hint)
    if used >= 0x8:
        return Line("wear", Light.AMBER, f"up to {used * 10} % of the flash's life is used", hint)
    if used:
        return Line("wear", Light.GREEN, f"up to {used * 10} % of the flash's life is used, no errors")
    return Line("wear", Light.GREEN, "no errors counted; the disk says nothing of its life")


def sandbox_line(rating: str) -> Line:
    """`rating` is the exposure that systemd gives the installed unit, 0 is best; "" where it can't be asked."""
    if not rating:
        return Line("sandbox", Light.GREEN, NOT_HERE)
    if float(rating) > MOST_EXPOSED:
        hint = "`systemctl cat lintel` shows its drop-ins, `systemd-analyze security lintel` what they leave open."
        return Line("sandbox", Light.AMBER, f"the unit's exposure is {rating}, more than {MOST_EXPOSED}", hint)
    return Line("sandbox", Light.GREEN, f"the unit's exposure is {rating} (0 is best, 10 worst)")


def rtc(machine: Machine) -> Iterator[Line]:
    """The battery clock."""
    said = machine.text("sys/class/rtc/rtc0/since_epoch").strip()
    yield rtc_line(int(said) if said else None, is_pi=machine.is_pi)


def wear(machine: Machine) -> Iterator[Line]:
    """Flash and file systems, by what the kernel says of them."""

    def said(pattern: str) -> list[str]:
        return [machine.text(str(path.relative_to(machine.root))).strip() for path in machine.root.glob(pattern)]

    yield wear_line(said("sys/class/block/mmcblk*/device/life_time"), sum(map(int, said("sys/fs/ext4/*/errors_count"))))


def sandbox(machine: Machine) -> Iterator[Line]:
    """How systemd rates the unit as it is installed, its drop-ins included."""
    unit = next((machine.root / name for name in _UNITS if (machine.root / name).exists()), None)
    program = shutil.which("systemd-analyze")
    if unit is None or program is None:
        yield sandbox_line("")
        return
    command = [program, "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(  # noqa: S603 - systemd's own program
        command, capture_output=True, text=True, timeout=_RATE_S, check=False
    ).stdout
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", said)
    yield sandbox_line(found[1] if found else "")
