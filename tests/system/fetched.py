"""What machines without a network need of Debian: fetched once by this machine's apt, kept in .booted/fetched/."""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.system.machine import Machine
from tests.system.trees import BOOKWORM, TRIXIE, WORK, Release, debian_source, run, tree

KEPT = WORK / "fetched"
LISTS, ARCHIVES = "var/lib/apt/lists", "var/cache/apt/archives"
SOURCES = "/etc/apt/sources.list"
_fetching = threading.Lock()


def release_upgrade() -> Path:
    """A folder with the lists of the next release, and each package that a tree of this one takes from it.

    Raises `Unready`.
    """
    return _fetched(BOOKWORM, TRIXIE, ("dist-upgrade",))


def packages(release: Release, *names: str) -> list[Path]:
    """Packages of a release, and what its tree lacks of those that they need. Raises `Unready`."""
    folder = _fetched(release, release, ("install", "--no-install-recommends", *names))
    return sorted((folder / ARCHIVES).glob("*.deb"))


def turn_sources(machine: Machine, release: Release = TRIXIE) -> None:
    """As a person does who upgrades to the next release: the machine's apt has that alone from now on."""
    for file in (machine.root / "etc/apt/sources.list.d").iterdir():
        file.unlink()
    machine.write(SOURCES, f"deb {debian_source()} {release.name} main\n")


def give_release_upgrade(machine: Machine) -> None:
    """What was fetched, in the machine, whose apt needs no network then."""
    for place in (LISTS, ARCHIVES):
        target = machine.root / place
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(release_upgrade() / place, target, ignore=shutil.ignore_patterns("partial", "lock"))
        (target / "partial").mkdir()


def _fetched(base: Release, source: Release, wanted: Sequence[str]) -> Path:
    with _fetching:
        return _fetched_once(base, source, wanted)


def _fetched_once(base: Release, source: Release, wanted: Sequence[str]) -> Path:
    kept = KEPT / "-".join((base.name, source.name, *(word for word in wanted if not word.startswith("-"))))
    if (kept / "made").exists():
        return kept
    shutil.rmtree(kept, ignore_errors=True)
    machine = Machine([tree(base)], f"lintel-{kept.name}")
    try:
        machine.make()
        turn_sources(machine, source)
        apt = (
            "apt-get", f"-oDir={machine.root}", f"-oDir::State::status={machine.root}/var/lib/dpkg/status",
            "-oDir::Bin::methods=/usr/lib/apt/methods", "-oAPT::Sandbox::User=", "--yes",
        )  # fmt: skip
        for place in (LISTS, ARCHIVES):
            shutil.rmtree(machine.root / place)
        run(*apt, "update")
        run(*apt, "--download-only", *wanted)
        for place in (LISTS, ARCHIVES):
            shutil.copytree(machine.root / place, kept / place)
    finally:
        machine.end()
    (kept / "made").touch()
    return kept
