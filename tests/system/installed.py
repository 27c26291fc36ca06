"""Lintel installed once on each release, with a door in operation: the layer under every machine of the booted test."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.checks import Figures
from tests.system.door import BADGES, RIG_UNIT, UNIT, Door
from tests.system.machine import Machine, wait_for
from tests.system.package import built
from tests.system.steps import Line
from tests.system.trees import Release, Unready, tree

GROUPS = ("gpio", "input", "spi")
"""Raspberry Pi OS has them."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A release with Lintel in it."""

    release: Release
    layers: tuple[Path, ...]
    line: Line
    """How the installation went."""


def installed(release: Release) -> Installed:
    """The package installed as a user does it, without a network, and a door set up. Raises `Unready`."""
    machine, figures, began = Machine([tree(release)], f"{release.name}-installed"), Figures(), time.monotonic()
    machine.make()
    try:
        machine.boot()
        _install(machine, release, figures)
        door = Door(machine)
        door.prepare()
        door.rig()
        door.start()
        machine.must("systemctl", "enable", "--quiet", UNIT)
        door.enroll()
        written = machine.power_off()
    except BaseException:
        machine.end()
        raise
    promise = "nothing is asked or fetched; no file in /etc/lintel, no unit started; people are enrolled with it"
    what = "`apt-get install ./lintel_*.deb` at a terminal, without a network"
    line = Line(release, what, promise, figures.finding(1), time.monotonic() - began)
    return Installed(release, (written, tree(release)), line)


def _install(machine: Machine, release: Release, figures: Figures) -> None:
    shutil.copy(built(release), machine.root / "srv" / "lintel.deb")
    for group in GROUPS:
        machine.must("groupadd", "--force", "--system", group)
    answer = machine.typed("apt-get", "install", "--no-install-recommends", "/srv/lintel.deb", within_s=300.0)
    if answer.code:
        raise Unready(f"the package was not installed: {answer.said[-1500:]}")
    (machine.root / "srv" / "lintel.deb").unlink()
    figures.note(f"installed in {answer.took_s:.1f} s")
    figures.true("nothing asked", answer.said[-300:], kept="?" not in answer.said)
    empty = machine.run("ls", "-A", "/etc/lintel").said.strip()
    figures.true("no file in /etc/lintel", empty, kept=not empty or "No such file" in empty)
    state = machine.run("systemctl", "is-active", UNIT).said.strip()
    figures.true("not started", f"unit {state}", kept=state == "inactive")
    figures.true("`dpkg --audit` clean", "dpkg --audit", kept=not machine.must("dpkg", "--audit").strip())
    figures.note(f"{len(BADGES)} people enrolled")


@contextmanager
def in_operation(there: Installed, name: str) -> Iterator[Door]:
    """A door that is ready, in a machine of its own that is gone at the end."""
    machine = Machine(there.layers, f"{there.release.name}-{name}")
    try:
        machine.make()
        machine.boot()
        door = Door(machine)
        if not wait_for(door.is_ready, 30.0):
            raise Unready(f"the door did not start: {machine.journal(RIG_UNIT)}{machine.journal(UNIT)[-1500:]}")
        yield door
    finally:
        machine.end()
