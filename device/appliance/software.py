"""What Lintel runs on and keeps: system, runtime, models, presentation attacks, database, disk. Judging is pure."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from platform import python_version

from device.appliance.machine import Machine
from device.appliance.page import Light, Line
from device.door_pads import pad_at
from device.probing import models
from device.records import PadMode
from device.settings.tables import Settings
from device.store.checkup import found_in
from device.store.database import safest_journal
from device.store.store import Store
from device.vision.models import embedding_sha256
from device.vision.runtime import runtime_in_use

RELEASES = ("12", "13")
"""Releases of Debian that Lintel is made for: bookworm and trixie."""
CHECKED_BYTES = 32 * 1024**2
"""A larger database is left to the service's daily check."""
LITTLE_BYTES, HARDLY_BYTES = 1024**3, 200 * 1024**2
"""Free space that is little, and hardly any."""


def system_line(release: str, version: str, *, is_pi: bool) -> Line:
    """`release` is the system's name and `version` its number, both as in os-release; "" where it has none."""
    what = f"{release or 'unknown system'}, Python {python_version()}"
    if is_pi and version not in RELEASES:
        return Line("system", Light.AMBER, what, "Use Raspberry Pi OS 64-bit, bookworm or trixie.")
    return Line("system", Light.GREEN, what)


def package_line(line: Line, package: str, version: str) -> Line:
    """The system's line, amber where the package is of another release: `package` is its version, "" without one."""
    _, marked, made_for = package.partition("+deb")
    if not marked or not version or made_for == version:
        return line
    what = f"{line.what}; Lintel's package is for Debian {made_for}"
    return Line("system", Light.AMBER, what, f"Install the package +deb{version}: docs/install.md.")


def pad_line(door: str, mode: PadMode, *, asks: bool, trouble: str = "") -> Line:
    """What a door demands against presentation attacks, and whether it can ask a person for it."""
    hint = "docs/pad.md says what each mode stops."
    is_turn = mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)
    if is_turn and not asks:
        return Line("pad", Light.RED, f"{mode}, and no wire asks for the turn", "Wire a prompt: docs/pad.md.", door)
    if trouble:
        return Line("pad", Light.AMBER, trouble.split(": ", maxsplit=1)[0].rstrip("."), hint, door)
    if is_turn:
        return Line("pad", Light.GREEN, f"{mode}, and a wire asks for it", about=door)
    return Line("pad", Light.AMBER, f"{mode}: a printed picture is not stopped by that alone", hint, door)


def database_line(size: int, found: str | None) -> Line:
    """`found` is what is wrong with the file, "" for nothing, None where it is too large to look at here."""
    what = f"{size / 1024**2:.1f} MiB, journal {safest_journal()}, SQLite {sqlite3.sqlite_version}"
    if found:
        return Line("database", Light.RED, f"damaged: {found}", "Restore a backup: docs/backup.md.")
    return Line("database", Light.GREEN, f"{what}, {'left to the daily check' if found is None else 'intact'}")


def disk_line(free: int, whole: int) -> Line:
    """Bytes that are free on the disk of the database, and all that it has."""
    light = Light.RED if free < HARDLY_BYTES else Light.AMBER if free < LITTLE_BYTES else Light.GREEN
    hint = "" if light is Light.GREEN else "Make room; on a full disk every badge is denied."
    return Line("disk", light, f"{free / 1024**3:.1f} of {whole / 1024**3:.1f} GiB free", hint)


def defaults_line(settings: Settings) -> Line:
    """Whether the settings say anything of this house."""
    left = [name for name in ("doors", "cameras") if getattr(settings, name) == getattr(Settings(), name)]
    if "doors" not in left:
        said = " (`cameras` are as delivered)" if left else ""
        return Line("defaults", Light.GREEN, f"doors are set{said}")
    hint = "Write /etc/lintel/lintel.toml: systemd/README.md."
    return Line("defaults", Light.AMBER, f"as delivered: {', '.join(left)}", hint)


def system(machine: Machine) -> Iterator[Line]:
    """The system and Python."""
    said = dict(line.split("=", 1) for line in machine.text("etc/os-release").splitlines() if "=" in line)
    release, version = (said.get(name, "").strip('"') for name in ("PRETTY_NAME", "VERSION_ID"))
    package = machine.text("usr/share/lintel/version").strip()
    yield package_line(system_line(release, version, is_pi=machine.is_pi), package, version)


def runtime(_machine: Machine) -> Iterator[Line]:
    """The TFLite runtime. Raises `ModelError` without one."""
    found, number = runtime_in_use()
    yield Line("runtime", Light.GREEN, f"{found.package} {number}")


def model_files(machine: Machine) -> Iterator[Line]:
    """Hashes of the models against their manifests, and each door's false match rate."""
    found = models(machine.settings)
    if found.trouble:
        yield Line("models", Light.RED, found.trouble.rstrip("."), found.hint)
        return
    rates = ", ".join(sorted({f"{door.target_fmr:g}" for door in machine.settings.doors}))
    digest = embedding_sha256(machine.settings.vision.models_dir)
    yield Line("models", Light.GREEN, f"as in their manifests ({digest[:16]}), calibrated for target_fmr {rates}")


def pads(machine: Machine) -> Iterator[Line]:
    """What each door with a way in demands against presentation attacks."""
    for door in machine.settings.doors:
        if any(reader.direction == "entry" for reader in door.readers):
            made = pad_at(machine.settings, door)
            yield pad_line(door.name, made.pad.mode, asks=made.pad.can_prompt, trouble=made.trouble)


def database(machine: Machine) -> Iterator[Line]:
    """The database's size, journal and state; a small one is checked on a copy in memory."""
    if machine.store is not None:
        size = machine.store.path.stat().st_size
        yield database_line(size, _checked(machine.store) if size <= CHECKED_BYTES else None)


def disk(machine: Machine) -> Iterator[Line]:
    """The disk that the database is on."""
    if machine.store is not None:
        usage = shutil.disk_usage(machine.store.path.parent)
        yield disk_line(usage.free, usage.total)


def defaults(machine: Machine) -> Iterator[Line]:
    """Settings left as they are delivered."""
    yield defaults_line(machine.settings)


def _checked(store: Store) -> str:
    with closing(store.copied(lambda _pages: None)) as copy:
        return found_in(copy)
