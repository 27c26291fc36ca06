"""The marks that an upgrade of the package leaves where it failed, or waits until no door is released."""

from dataclasses import dataclass
from pathlib import Path

from device.failures import in_words

FAILED = "var/lib/lintel-upgrade/failed"
RESTART_DUE = "var/lib/lintel-upgrade/restart-due"
UNPACKED = "usr/share/lintel/version"


@dataclass(frozen=True, slots=True)
class UpgradeMarks:
    """What the last upgrade left. At most one of both is not empty."""

    failed: str = ""
    """The version that is not in use, and why."""
    waiting: str = ""
    """The version that waits."""

    @property
    def words(self) -> str:
        """A phrase without a full stop, for people; "" where nothing was left."""
        if self.failed:
            return f"a new version is not in use - {self.failed.rstrip('.')}"
        return f"{self.waiting} waits for a moment in which no door is released" if self.waiting else ""


def upgrade_marks(root: Path = Path("/")) -> UpgradeMarks:
    """Those of a machine; a file that can't be read counts as a failure."""
    try:
        if failed := _text(root / FAILED):
            return UpgradeMarks(failed=failed)
        if (root / RESTART_DUE).exists():
            return UpgradeMarks(waiting=_text(root / UNPACKED) or "a new version")
    except OSError as error:
        return UpgradeMarks(failed=f"{FAILED} can't be read: {in_words(error)}")
    return UpgradeMarks()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
