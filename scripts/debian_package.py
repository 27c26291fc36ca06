"""Builds the Debian package for a release and an architecture: dist/lintel_VERSION+debN_ARCH.deb and its parts list.

    .venv/bin/python scripts/debian_package.py [--release bookworm] [--architecture arm64] [--version 0.1.1]

Without arguments all four are built. Needs debhelper, swig and compilers of Debian, Python 3.13 for trixie's byte code,
and pip's index. The same commit gives the same bytes.
"""

import argparse
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from debian_parts import parts_list
from debian_tree import MACHINES, PACKAGING, RELEASES, UNITS, Target, make_tree, run
from environments import ROOT, EnvironmentProblem, ready, this_interpreter

BUILD, DIST = ROOT / "build" / "deb", ROOT / "dist"
SHELLS = {
    "bash": "usr/share/bash-completion/completions/lintel",
    "zsh": "usr/share/zsh/vendor-completions/_lintel",
    "fish": "usr/share/fish/vendor_completions.d/lintel.fish",
}
PROGRAMS = ("bin/lintel", "libexec/lintel/secure", "libexec/lintel/turn", "lib/systemd/system-generators/lintel")
MAINTAINER = "The authors of Lintel <lintel@localhost.localdomain>"
LINTEL = ROOT / ".venv" / "bin" / "lintel"


@dataclass(frozen=True, slots=True)
class Build:
    """What the packages of one run have in common."""

    version: str
    epoch: int
    tools: Path
    wheel: Path


def main() -> int:
    """Builds what the command line names."""
    parser = argparse.ArgumentParser(description="Build Lintel's Debian packages.")
    parser.add_argument("--release", choices=RELEASES, action="append")
    parser.add_argument("--architecture", choices=MACHINES, action="append")
    parser.add_argument("--version", default=_version(), help="of the package, instead of pyproject.toml's")
    arguments = parser.parse_args()
    try:
        build = _prepared(arguments.version)
        for release in arguments.release or RELEASES:
            for architecture in arguments.architecture or MACHINES:
                began = time.monotonic()
                package = make_package(build, Target(RELEASES[release], architecture))
                size = package.stat().st_size / 1e6
                print(f"{package.relative_to(ROOT)}: {size:.1f} MB, {time.monotonic() - began:.0f} s", flush=True)
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def make_package(build: Build, target: Target) -> Path:
    """The package's file in dist/. Raises `EnvironmentProblem`."""
    version = f"{build.version}+deb{target.release.number}"
    around = BUILD / target.words
    shutil.rmtree(around, ignore_errors=True)
    source = around / f"lintel-{version}"
    tree = source / "tree" / "opt" / "lintel" / version
    tree.mkdir(parents=True)
    make_tree(tree, target, tools=build.tools, wheel=build.wheel, epoch=build.epoch)
    _fill_usr(source / "tree" / "usr", version)
    bom = source / "tree" / "usr" / "share" / "doc" / "lintel" / "bom.json"
    bom.parent.mkdir(parents=True)
    bom.write_text(parts_list(tree, version=version, tools=build.tools, epoch=build.epoch))
    _write_debian(source / "debian", target, version=version, epoch=build.epoch)
    _same_modes(source / "tree")
    command = ["dpkg-buildpackage", "-b", "-uc", "-us", "-d", f"--host-arch={target.architecture}", "-rfakeroot"]
    run(
        [*command, "--no-sign"], at=source, epoch=build.epoch, environment={"DEB_BUILD_OPTIONS": "noautodbgsym nostrip"}
    )
    DIST.mkdir(exist_ok=True)
    (made,) = around.glob("lintel_*.deb")
    shutil.copyfile(bom, DIST / f"{made.stem}.cdx.json")
    return Path(shutil.copyfile(made, DIST / made.name))


def _prepared(version: str) -> Build:
    for program in ("dpkg-buildpackage", "dh", "help2man"):
        if shutil.which(program) is None:
            hint = "sudo apt install debhelper help2man swig gcc crossbuild-essential-arm64"
            raise EnvironmentProblem(f"{program} is missing. On Debian: {hint}")
    said = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    epoch = int(said.stdout)
    requirements = Path("packaging", "tools.txt")
    tools = ready(".venv-deb", requirements, this_interpreter(), has_lintel=False) / "bin"
    shutil.rmtree(BUILD / "wheel", ignore_errors=True)
    run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(BUILD / "wheel")],
        epoch=epoch,
    )
    (wheel,) = (BUILD / "wheel").glob("*.whl")
    return Build(version, epoch, tools, wheel)


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def _fill_usr(usr: Path, version: str) -> None:
    """What lies outside the version's own tree."""
    for place, sources in {
        "bin": [PACKAGING / "bin" / "lintel"],
        "libexec/lintel": [PACKAGING / "bin" / "turn", ROOT / "systemd" / "secure.py"],
        "lib/udev/rules.d": [PACKAGING / "udev" / "60-lintel.rules"],
        "lib/systemd/system": UNITS,
        "lib/systemd/system-generators": [PACKAGING / "generators" / "lintel"],
    }.items():
        folder = usr / place
        folder.mkdir(parents=True)
        for file in sources:
            shutil.copy(file, folder / file.name)
    (usr / "libexec" / "lintel" / "secure.py").rename(usr / "libexec" / "lintel" / "secure")
    shared = usr / "share" / "lintel"
    shared.mkdir(parents=True)
    (shared / "version").write_text(f"{version}\n")
    (shared / "lintel.toml").write_text(_said_by([LINTEL, "config", "--defaults"]))
    for shell, place in SHELLS.items():
        file = usr.parent / place
        file.parent.mkdir(parents=True)
        file.write_text(_said_by([LINTEL], {"_LINTEL_COMPLETE": f"{shell}_source"}))


def _said_by(command: list[str | Path], environment: dict[str, str] | None = None) -> str:
    plain = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "COLUMNS": "100"}
    return subprocess.run(
        command, env={**plain, **(environment or {})}, capture_output=True, text=True, check=True
    ).stdout


def _write_debian(folder: Path, target: Target, *, version: str, epoch: int) -> None:
    """The folder debian/, with what the target fills in."""
    shutil.copytree(PACKAGING / "debian", folder)
    filled = {
        "ARCHITECTURE": target.architecture,
        "MAINTAINER": MAINTAINER,
        "PYTHON": target.release.python,
        "AFTER": target.release.after_python,
        "VERSION": version,
    }
    for file in sorted(folder.glob("*.in")):
        text = file.read_text()
        for name, value in filled.items():
            text = text.replace(f"@{name}@", value)
        file.with_suffix("").write_text(text)
        file.unlink()
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch))
    change = (
        f"lintel ({version}) {target.release.name}; urgency=medium\n\n  * See /usr/share/doc/lintel/CHANGELOG.md.\n"
    )
    (folder / "changelog").write_text(f"{change}\n -- {MAINTAINER}  {when}\n")
    (folder / "lintel.install").write_text("tree/* /\n")
    (folder / "lintel.docs").write_text("papers/CHANGELOG.md\npapers/NOTICE\n")
    (folder.parent / "papers").mkdir()  # where debhelper doesn't take the first for Debian's changelog
    (folder / "lintel.manpages").write_text("debian/lintel.1\n")
    for name in ("CHANGELOG.md", "NOTICE"):
        shutil.copyfile(ROOT / name, folder.parent / "papers" / name)
    shutil.copyfile(ROOT / "systemd" / "lintel.sysusers.conf", folder / "lintel.sysusers")
    page: list[str | Path] = ["help2man", "--no-info", "--no-discard-stderr", f"--version-string={version}"]
    page += ["--name=door controller with face verification", f"--output={folder / 'lintel.1'}"]
    run([*page, LINTEL], epoch=epoch)


def _same_modes(tree: Path) -> None:
    """The same for each umask: the rest is dh_fixperms'."""
    for path in tree.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name in ("bin", "libexec") else 0o644)
    for name in PROGRAMS:
        (tree / "usr" / name).chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
