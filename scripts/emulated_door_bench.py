"""What is done to the emulated door, and what is read of it: badges, faces, the relay's line, the journal."""

import contextlib
import re
from pathlib import Path

from emulated_machine import Machine, Unready, wait_for
from emulated_trace import Decision, Level, decisions, levels, pulses, row_of

UNIT = "lintel.service"
LINE, PIN = 509, 5
"""The relay's line by the kernel's numbering and the chip's."""
PLACE = "/opt/bench"
EILEEN, GRACE = "eileen-collins", "grace-hopper"
BADGE = "17:1001"
"""Of Eileen; Grace is not enrolled."""
PRESENTED = 3
DECIDED_S = 90.0
"""Of the clock on the wall here: an emulated second may take many."""


class Bench:
    """The door in the emulated machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._said: list[str] = []
        self._kept = ""

    def transcript(self) -> str:
        """What the door and the kernel said in each step."""
        return "\n\n".join(self._said)

    def keep(self, what: str) -> None:
        """Puts what was said in a step that is over into the transcript."""
        with contextlib.suppress(Unready, AssertionError):
            trace = [f"kernel {one.at:.3f}: line {LINE} set {one.level} by {one.process}" for one in self.levels()]
            said = [line for line in self.journal().splitlines() if line.startswith("[")]
            new = [line for line in (*said, *trace) if line not in self._kept]
            self._kept += "\n".join(new)
            self._said.append("\n".join((f"== {what}", *new)))

    def watch(self) -> None:
        """Has the kernel write down each level of each line from now on; after every boot."""
        self.machine.shell(
            "mkdir -p /run/bench; cd /sys/kernel/tracing; echo mono > trace_clock; "
            "echo > trace; echo 1 > events/gpio/gpio_value/enable"
        )

    def shows(self, who: str) -> None:
        """Who stands before the camera, from when this returns; empty: no one. Raises `AssertionError`."""
        picture = f"{PLACE}/{who}.jpg" if who else ""
        self.machine.shell(f"echo '{picture}' > /run/bench/shows")
        assert wait_for(lambda: self._showing() == picture, DECIDED_S, look_s=1.0), "the camera does not show it"

    def _showing(self) -> str:
        return self.machine.shell("test ! -e /run/bench/showing || cat /run/bench/showing").strip()

    def swiped(self, badge: str) -> tuple[float, Decision | None]:
        """Presents a badge: when, and what came of it. Another time if a reader took it for one that is still held."""
        count = len(self.decisions())
        for _ in range(PRESENTED):
            at = float(self.machine.must("/usr/bin/python3", f"{PLACE}/swipe.py", badge))
            if wait_for(lambda: len(self.decisions()) > count, DECIDED_S, look_s=1.0):
                return at, self.decisions()[count]
        return at, None

    def decisions(self) -> list[Decision]:
        """All of this boot."""
        return decisions(self.journal())

    def journal(self) -> str:
        """What the unit said in this boot."""
        return self.machine.must(
            "journalctl", "--boot", "--output=short-monotonic", "--no-pager", "--no-hostname", "--unit", UNIT
        )

    def levels(self) -> list[Level]:
        """Of the relay's line, since `watch`."""
        return levels(self.machine.must("cat", "/sys/kernel/tracing/trace"), LINE)

    def pulse_after(self, at: float) -> tuple[float, float] | None:
        """From when to when the line was high, the first time that it became so after a moment."""
        found: list[tuple[float, float]] = []

        def ended() -> bool:
            found[:] = [one for one in pulses(self.levels()) if one[0] >= at]
            return bool(found)

        wait_for(ended, DECIDED_S, look_s=1.0)
        return found[0] if found else None

    def is_high(self) -> bool:
        """By the chip's register, read from outside the machine."""
        return bool(self.machine.registers()[0] >> PIN & 1)

    def row(self) -> str:
        """The line's row in /sys/kernel/debug/gpio."""
        return row_of(self.machine.must("cat", "/sys/kernel/debug/gpio"), LINE)

    def property_of(self, name: str) -> str:
        """A property of the unit."""
        return self.machine.must("systemctl", "show", "--value", f"--property={name}", UNIT).strip()

    def ready_s(self) -> float:
        """From the unit's first command to READY=1, of its present life, emulated seconds."""
        began, ready = (
            int(self.property_of(name)) for name in ("InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        )
        return (ready - began) / 1e6

    def is_active(self, within_s: float) -> bool:
        """Whether the unit became active."""
        return wait_for(lambda: self.property_of("ActiveState") == "active", within_s, look_s=1.0)

    def resident_mb(self) -> float:
        """Resident memory of the service's process."""
        status = self.machine.must("cat", f"/proc/{self.property_of('MainPID')}/status")
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None, status
        return int(found[1]) / 1024

    def camera_is(self, *, there: bool) -> None:
        """Binds its driver or unbinds it, as a cable that is pulled does."""
        if there:
            self.machine.shell("echo vivid.0 > /sys/bus/platform/drivers/vivid/bind; systemctl start bench-camera")
        else:
            self.machine.shell("systemctl stop bench-camera; echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind")

    def door(self, *words: str) -> str:
        """`lintel door ...`, as root."""
        return self.machine.must("lintel", "door", *words)


def package_of(folder: Path) -> Path:
    """The newest arm64 package for bookworm. Raises `FileNotFoundError`."""
    found = sorted(folder.glob("lintel_*+deb12_arm64.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise FileNotFoundError(folder)
    return found[-1]
