"""Runs on the emulated Pi: kills the door's process during a pulse, once for each polarity, and says what the pin did.

Reads the pin where it cannot be flattered: the BCM2837's registers (function and level), the kernel's pin controller,
and the kernel's trace of GPIO calls and of programs. Lines that start with RESULT are for scripts/emulated_pi.py.
"""

import json
import mmap
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PIN = 17
GPIO_REGISTERS = 0x3F200000  # BCM2835 ARM Peripherals, chapter 6, as the BCM2837's ARM sees it
GPFSEL1 = 0x04 // 4
GPLEV0 = 0x34 // 4
POLL_S = 0.005
LONGEST_S = 30
SETTLED_S = 1
SETTINGS = Path("/etc/lintel/lintel.toml")
TRACE = Path("/sys/kernel/tracing")
EVENTS = ("gpio/gpio_direction", "gpio/gpio_value", "sched/sched_process_exec", "sched/sched_process_exit")


@dataclass(frozen=True, slots=True)
class Pin:
    """What the registers say of the relay's pin."""

    is_output: bool
    level: int

    def __str__(self) -> str:
        return f"output, {'high' if self.level else 'low'}" if self.is_output else "input (drives nothing)"


class Registers:
    """The GPIO block of the BCM2837, read through /dev/mem."""

    def __init__(self) -> None:
        descriptor = os.open("/dev/mem", os.O_RDONLY | os.O_SYNC)
        self._words = memoryview(
            mmap.mmap(descriptor, 4096, mmap.MAP_SHARED, mmap.PROT_READ, offset=GPIO_REGISTERS)
        ).cast("I")

    def pin(self) -> Pin:
        """Function and level of the relay's pin now."""
        function = self._words[GPFSEL1] >> (PIN - 10) * 3 & 7
        return Pin(is_output=function == 1, level=self._words[GPLEV0] >> PIN & 1)


def main() -> None:
    """Both polarities, then how long the command alone takes."""
    registers = Registers()
    for active_high in (True, False):
        print("RESULT " + json.dumps(experiment(registers, active_high=active_high)), flush=True)
    alone_ms = [milliseconds("/opt/lintel/bin/lintel", "door", "secure") for _ in range(3)]
    python_ms = [milliseconds("/opt/lintel/bin/python3", "-c", "pass") for _ in range(3)]
    print("RESULT " + json.dumps({"alone_ms": sorted(alone_ms)[1], "python_ms": sorted(python_ms)[1]}), flush=True)


def persistence() -> str:
    """The kernel's parameter, Y or N."""
    return Path("/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs").read_text().strip()


def experiment(registers: Registers, *, active_high: bool) -> dict[str, object]:
    """One pulse that ends with SIGKILL."""
    released, secured = Pin(is_output=True, level=int(active_high)), Pin(is_output=True, level=int(not active_high))
    print(
        f"\n== persist_gpio_outputs={persistence()}, active_high={active_high}: released is {released} ==", flush=True
    )
    SETTINGS.write_text(f"[[doors]]\npin = {PIN}\nactive_high = {str(active_high).lower()}\n")
    say("before the start", registers)
    system("systemctl", "start", "lintel")
    wait_for(registers, released)
    say("during the pulse", registers)
    process, invocation = (
        system("systemctl", "show", "--value", f"--property={name}", "lintel") for name in ("MainPID", "InvocationID")
    )
    tracing(on=True)
    killed_ns = time.monotonic_ns()
    os.kill(int(process), signal.SIGKILL)
    changes = list(watch(registers, killed_ns, secured))
    tracing(on=False)
    say("after ExecStopPost", registers)
    for at_ms, line in sorted([*traced(killed_ns), *((at, f"registers: {pin}") for at, pin in changes)]):
        print(f"  {at_ms:8.1f} ms after the kill: {line}")
    print(
        "journal:",
        system(
            "journalctl",
            "--output=short-monotonic",
            f"INVOCATION_ID={invocation}",
            "+",
            f"_SYSTEMD_INVOCATION_ID={invocation}",
        ),
        sep="\n",
    )
    system("systemctl", "stop", "lintel")
    return {
        "persist": persistence(),
        "active_high": active_high,
        "changes": [(round(at, 1), pin.is_output, pin.level, str(pin)) for at, pin in changes],
    }


def watch(registers: Registers, since_ns: int, secured: Pin) -> Iterator[tuple[float, Pin]]:
    """Each change of the pin, with ms since the kill, until it was seen secured and nothing moved for a while."""
    last, seen, moved_ns = None, False, since_ns
    while time.monotonic_ns() < since_ns + LONGEST_S * 10**9:
        pin, now_ns = registers.pin(), time.monotonic_ns()
        if pin != last:
            yield (now_ns - since_ns) / 1e6, pin
            last, moved_ns = pin, now_ns
        seen = seen or pin == secured
        if seen and now_ns > moved_ns + SETTLED_S * 10**9:
            return
        time.sleep(POLL_S)


def tracing(*, on: bool) -> None:
    """The kernel's own record, in its monotonic clock."""
    if on:
        (TRACE / "trace_clock").write_text("mono")
        (TRACE / "trace").write_text("")
    for event in EVENTS:
        (TRACE / "events" / event / "enable").write_text(str(int(on)))


def traced(since_ns: int) -> Iterator[tuple[float, str]]:
    """Ms since the kill, and what happened: programs of the unit that start and end, and what they do to pins."""
    for line in (TRACE / "trace").read_text().splitlines():
        found = re.search(r"\s([\d.]+): (\w+): (.*)", line)
        if found is None:
            continue
        at_ms = float(found[1]) * 1000 - since_ns / 1e6
        if found[2].startswith("gpio"):
            yield at_ms, f"kernel: {found[2]} {found[3]}"
        if started := re.match(r"filename=(\S+) pid=(\d+)", found[3]):
            yield at_ms, f"kernel: process {started[2]} starts {started[1]}"
        if ended := re.match(r"comm=(lintel|timeout|python3) pid=(\d+)", found[3]):
            yield at_ms, f"kernel: process {ended[2]} ({ended[1]}) ends"


def milliseconds(*command: str) -> float:
    """How long a command takes from its start to its end."""
    started_ns = time.monotonic_ns()
    system(*command)
    return round((time.monotonic_ns() - started_ns) / 1e6, 1)


def wait_for(registers: Registers, wanted: Pin) -> None:
    """Until the pin is as wanted."""
    deadline = time.monotonic() + LONGEST_S
    while registers.pin() != wanted:
        if time.monotonic() > deadline:
            sys.exit(f"The pin is {registers.pin()}, expected {wanted}.")
        time.sleep(POLL_S)


def say(when: str, registers: Registers) -> None:
    """The pin now, by its registers and by the kernel's pin controller."""
    (table,) = Path("/sys/kernel/debug/pinctrl").glob("*gpio*/pins")
    line = next(line for line in table.read_text().splitlines() if line.startswith(f"pin {PIN} "))
    print(f"  {when}: registers: {registers.pin()}; kernel: {line}", flush=True)


def system(*command: str) -> str:
    """What a command says; ends this with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, system("journalctl", "-b", "--no-pager", "-n", "60"), sep="\n", flush=True)
        sys.exit(f"{' '.join(command)} ended with {done.returncode}.")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
