"""Installs Lintel's package in a machine that runs, and makes versions of it that are newer or do not work."""

import shutil
from pathlib import Path

from tests.system.machine import Machine
from tests.system.trees import ROOT, Release, Unready

NUMBERS = {"bookworm": 12, "trixie": 13}


def built(release: Release, architecture: str = "amd64") -> Path:
    """The newest package of a release in dist/. Raises `Unready`."""
    found = sorted((ROOT / "dist").glob(f"lintel_*+deb{NUMBERS[release.name]}_{architecture}.deb"))
    if not found:
        how = f'make deb DEB="--release {release.name} --architecture {architecture}"'
        raise Unready(f"dist/ has no package for {release.name}, {architecture}: {how}")
    return max(found, key=lambda path: path.stat().st_mtime)


def install(machine: Machine, release: Release) -> float:
    """`apt install` of it, as a user does, without a network. How long that took, seconds."""
    package = built(release)
    shutil.copy(package, machine.root / "root" / "lintel.deb")
    for group in ("gpio", "input", "spi"):  # Raspberry Pi OS has them
        machine.must("groupadd", "--force", "--system", group)
    answer = machine.run("apt-get", "install", "--yes", "--no-install-recommends", "/root/lintel.deb", within_s=300.0)
    if answer.code:
        raise Unready(f"the package was not installed: {answer.said[-1500:]}")
    (machine.root / "root" / "lintel.deb").unlink()
    return answer.took_s
