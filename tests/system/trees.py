"""Debian trees to boot: made once by debootstrap, kept in .booted/, and never changed by what runs on top of them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".booted"
TREES = WORK / "trees"
PACKAGES = ("ca-certificates", "dbus", "procps", "python3", "systemd-sysv", "systemd-timesyncd", "udev")
NEEDED = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian."""

    name: str
    python: str


BOOKWORM, TRIXIE = Release("bookworm", "3.11"), Release("trixie", "3.13")
RELEASES = (BOOKWORM, TRIXIE)


class Unready(Exception):
    """What this machine lacks for a booted test, and what to do."""


def tree(release: Release, architecture: str = "") -> Path:
    """The tree of a release, made if it is not there. Raises `Unready`."""
    folder = TREES / "-".join(filter(None, (release.name, architecture)))
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        foreign = [f"--arch={architecture}"] if architecture else []
        # --foreign needs no emulator: the second stage is the caller's, inside the tree.
        run(
            "debootstrap", *foreign, "--variant=minbase", f"--include={','.join(PACKAGES)}", release.name,
            str(folder / "root"), debian_source(),
        )  # fmt: skip
        (folder / "made").touch()
    return folder / "root"


def debian_source() -> str:
    """Where this machine's apt gets Debian's packages from. Raises `Unready`."""
    shown = run("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")
    places = [line.split()[1] for line in shown.splitlines() if line.startswith("Debian http")]
    if not places:
        raise Unready("apt on this machine does not get its packages from Debian: add Debian to its sources.")
    return places[0]


def run(*command: str) -> str:
    """What a command says. Raises `Unready` with its last words."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if ended.returncode:
        raise Unready(f"{command[0]} ended with {ended.returncode}: {(ended.stdout + ended.stderr)[-1500:]}")
    return ended.stdout
