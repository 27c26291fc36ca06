"""Lintel's package as it was built, and versions of it that are newer or do not work."""

import os
import shutil
import threading
from pathlib import Path

from tests.system.trees import ROOT, WORK, Release, Unready, run

VARIANTS = WORK / "variants"
_unpacking = threading.Lock()
_building = threading.Lock()
"""One at a time: they share files by hard links, and a new link changes a file that tar reads."""
NUMBERS = {"bookworm": 12, "trixie": 13}


def built(release: Release, architecture: str = "amd64") -> Path:
    """The newest package of a release in dist/. Raises `Unready`."""
    found = sorted((ROOT / "dist").glob(f"lintel_*+deb{NUMBERS[release.name]}_{architecture}.deb"))
    if not found:
        how = f'make deb DEB="--release {release.name} --architecture {architecture}"'
        raise Unready(f"dist/ has no package for {release.name}, {architecture}: {how}")
    return max(found, key=lambda path: path.stat().st_mtime)


def variant(release: Release, version: str, broken: str = "") -> Path:
    """The built package as another version; `broken` is a module of it that ends whoever imports it."""
    raw = unpacked(release)
    with _building:
        return _variant(raw, release, version, broken)


def _variant(raw: Path, release: Release, version: str, broken: str) -> Path:
    made, tree = VARIANTS / f"lintel_{version}_{release.name}.deb", VARIANTS / f"{version}-{release.name}"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(raw, tree, symlinks=True, copy_function=os.link)
    before = (tree / "usr/share/lintel/version").read_text().strip()
    for file in ("usr/share/lintel/version", "DEBIAN/control", "DEBIAN/preinst"):
        rewrite(tree / file, (tree / file).read_text().replace(before, version))
    place = (tree / "opt/lintel" / before).rename(tree / "opt/lintel" / version)
    rewrite(place / "share" / "build", f"{version}-tested\n")
    (tree / "DEBIAN/md5sums").unlink()
    if broken:
        (module,) = place.glob(f"env/lib/python3*/site-packages/{broken}")
        rewrite(module, 'raise RuntimeError("broken, for the test")\n')
        for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
            compiled.unlink()
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(made))
    shutil.rmtree(tree)
    return made


def unpacked(release: Release) -> Path:
    """The built package's files, unpacked once."""
    with _unpacking:
        package = built(release)
        tree = VARIANTS / f"{package.stem}-{package.stat().st_mtime_ns}"
        if not tree.is_dir():
            for older in VARIANTS.glob(f"{package.stem}-*"):
                shutil.rmtree(older)
            VARIANTS.mkdir(parents=True, exist_ok=True)
            run("dpkg-deb", "--raw-extract", str(package), f"{tree}.new")
            Path(f"{tree}.new").rename(tree)
        return tree


def rewrite(path: Path, text: str) -> None:
    """Other content for a file that has other names, too; its mode stays."""
    mode = path.stat().st_mode
    path.unlink()
    path.write_text(text)
    path.chmod(mode)
