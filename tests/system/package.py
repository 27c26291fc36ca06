"""Installs Lintel's package in a machine that runs, and makes versions of it that are newer or do not work."""

import shutil
from pathlib import Path

from tests.system.machine import Machine
from tests.system.trees import ROOT, WORK, Release, Unready, run

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
    shutil.copy(package, machine.root / "srv" / "lintel.deb")
    for group in ("gpio", "input", "spi"):  # Raspberry Pi OS has them
        machine.must("groupadd", "--force", "--system", group)
    answer = machine.run("apt-get", "install", "--yes", "--no-install-recommends", "/srv/lintel.deb", within_s=300.0)
    if answer.code:
        raise Unready(f"the package was not installed: {answer.said[-1500:]}")
    (machine.root / "srv" / "lintel.deb").unlink()
    return answer.took_s


def variant(release: Release, version: str, broken: str = "") -> Path:
    """The built package as another version; `broken` is a module of it that ends whoever imports it."""
    made = WORK / "variants" / f"lintel_{version}_{release.name}.deb"
    tree = WORK / "variants" / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    made.parent.mkdir(parents=True, exist_ok=True)
    run("dpkg-deb", "--raw-extract", str(built(release)), str(tree))
    before = (tree / "usr/share/lintel/version").read_text().strip()
    for file in ("usr/share/lintel/version", "DEBIAN/control", "DEBIAN/preinst"):
        path = tree / file
        path.write_text(path.read_text().replace(before, version))
    place = (tree / "opt/lintel" / before).rename(tree / "opt/lintel" / version)
    (place / "share" / "build").write_text(f"{version}-tested\n")
    (tree / "DEBIAN/md5sums").unlink()
    if broken:
        (module,) = place.glob(f"env/lib/python3*/site-packages/{broken}")
        module.write_text('raise RuntimeError("broken, for the test")\n')
        for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
            compiled.unlink()
    run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(tree), str(made))
    shutil.rmtree(tree)
    return made
