"""What a release upgrade needs of Debian, fetched once by this machine's apt and kept in .booted/turned/."""

import shutil
from pathlib import Path

from tests.system.machine import Machine
from tests.system.trees import BOOKWORM, TRIXIE, WORK, debian_source, run, tree

KEPT = WORK / "turned"
PLACES = ("var/lib/apt/lists", "var/cache/apt/archives")
SOURCES = "/etc/apt/sources.list"


def fetched() -> Path:
    """A folder with the lists of the next release, and each package that a tree of this one takes from it.

    Raises `Unready`.
    """
    if not (KEPT / "made").exists():
        shutil.rmtree(KEPT, ignore_errors=True)
        machine = Machine(tree(BOOKWORM), "lintel-turned")
        try:
            machine.make()
            turn_sources(machine)
            apt = (
                "apt-get", f"-oDir={machine.root}", f"-oDir::State::status={machine.root}/var/lib/dpkg/status",
                "-oDir::Bin::methods=/usr/lib/apt/methods", "-oAPT::Sandbox::User=", "--yes",
            )  # fmt: skip
            shutil.rmtree(machine.root / "var/lib/apt/lists")
            run(*apt, "update")
            run(*apt, "--download-only", "dist-upgrade")
            for place in PLACES:
                shutil.copytree(machine.root / place, KEPT / place)
        finally:
            machine.end()
        (KEPT / "made").touch()
    return KEPT


def turn_sources(machine: Machine) -> None:
    """As a person does who upgrades to the next release: the machine's apt has that alone from now on."""
    for file in (machine.root / "etc/apt/sources.list.d").iterdir():
        file.unlink()
    machine.write(SOURCES, f"deb {debian_source()} {TRIXIE.name} main\n")


def give(machine: Machine) -> None:
    """What was fetched, in the machine, whose apt needs no network then."""
    for place in PLACES:
        target = machine.root / place
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(fetched() / place, target, ignore=shutil.ignore_patterns("partial", "lock"))
        (target / "partial").mkdir()
