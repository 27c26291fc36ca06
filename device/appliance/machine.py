"""What `lintel doctor` reads of a machine: settings, store, the service's word, and a few files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from device.errors import LintelError
from device.ports import Clock
from device.records import DoorStatus
from device.settings.tables import Settings
from device.store.backup.saving import NAME
from device.store.store import Store

_MODELS = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")
"""The second is there too where a sandbox hides all of /proc but processes."""
_RECIPIENT = "etc/lintel/backup-recipient"
_UNITS = (
    "etc/systemd/system/lintel-backup.service.d/*.conf",
    "etc/systemd/system/lintel-backup.service",
    "usr/lib/systemd/system/lintel-backup.service.d/*.conf",
    "usr/lib/systemd/system/lintel-backup.service",
)
"""Where the backup's folder may be named; the first that does counts."""
_FOLDER = re.compile(r"^ExecStart=.*\bbackup save (/[^\s'\"]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to look at. `doors` is the service's word, None if none answers; `root` is `/` but in tests."""

    settings: Settings
    store: Store | None
    """None if there is none, or none that this user may open; `no_store` says why, "" where none was made yet."""
    clock: Clock
    doors: tuple[DoorStatus, ...] | None = None
    no_store: str = ""
    unasked: str = ""
    """Why the service that listens could not be asked, "" if it could, or if none listens."""
    unasked_hint: str = ""
    """What to do about that."""
    wrong_settings: LintelError | None = None
    """Why the settings can't be used; then `settings` are the defaults, and not those of this machine."""
    root: Path = Path("/")

    def board(self) -> str:
        """The model of the board as its firmware names it, "" without one."""
        return next(filter(None, (self.text(name).strip("\0\n ") for name in _MODELS)), "")

    def text(self, name: str) -> str:
        """A file's text, by its path below the root; "" without it."""
        try:
            return (self.root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    @property
    def is_pi(self) -> bool:
        """Whether the board is a Raspberry Pi."""
        return self.board().startswith("Raspberry Pi")

    @property
    def is_simulated(self) -> bool:
        """Whether the doors that answer have no GPIO chip: those of a desk."""
        return bool(self.doors) and not any(door.chip for door in self.doors or ())

    def backup_folder(self) -> Path | None:
        """Where the nightly unit puts backups; None if it isn't set up."""
        if not (self.root / _RECIPIENT).exists():
            return None
        for pattern in _UNITS:
            for file in sorted(self.root.glob(pattern), reverse=True):
                if named := _FOLDER.search(self.text(str(file.relative_to(self.root)))):
                    return self.root / named[1].lstrip("/")
        return None


def newest_backup(folder: Path) -> datetime | None:
    """When the newest backup in a folder was made, by its name. Raises `OSError`."""
    made = []
    for file in folder.iterdir():
        try:
            made.append(datetime.strptime(file.name, NAME).replace(tzinfo=UTC))
        except ValueError:
            continue
    return max(made, default=None)
