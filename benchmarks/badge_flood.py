"""Measures what a flood of unknown badges writes to the disk, with and without pacing, in both journal modes.

    python benchmarks/badge_flood.py [--seconds 180] [--a-second 20] [--folder /var/lib]

The rows are written one by one as the door does; the time is simulated. Bytes are those that the kernel counts for this
process (`write_bytes` of /proc/self/io), so the folder must be on a disk, not in memory.
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from device.policy.pacing import Pacing, summary_row
from device.records import AuditRow, Credential, Decision, Reason, Transaction
from device.store.database import Journal
from device.store.store import Store

DAY_S = 86_400


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=180, help="how long the flood lasts, on the simulated clock")
    arguments.add_argument("--a-second", type=int, default=20, help="badges a second")
    arguments.add_argument("--folder", type=Path, help="where the database is made; a temporary folder by default")
    chosen = arguments.parse_args()
    for journal in Journal:
        for pacing in (None, Pacing()):
            with (
                tempfile.TemporaryDirectory(dir=chosen.folder) as folder,
                Store(Path(folder), journal=journal) as store,
            ):
                before = written_bytes()
                rows = flood(store, pacing, seconds=chosen.seconds, a_second=chosen.a_second)
                a_day = (written_bytes() - before) / chosen.seconds * DAY_S
            how = "paced" if pacing else "a row each"
            print(f"journal {journal.value:8} {how:11} {rows:6d} rows {a_day / 1e9:7.2f} GB a day")


def flood(store: Store, pacing: Pacing | None, *, seconds: int, a_second: int) -> int:
    """Writes what a flood makes into the audit; returns how many rows that is."""
    rows = 0
    for number in range(seconds * a_second):
        at, denied = number / a_second, _denied(number)
        if pacing is None or not pacing.is_counted(denied, at):
            rows += _recorded(store, denied)
        for summary in pacing.due(at) if pacing else ():
            rows += _recorded(store, summary_row(summary, denied.started_at, "main"))
    return rows


def written_bytes() -> int:
    """How many bytes this process has caused to be written to disks."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("write_bytes")))


def _denied(number: int) -> Transaction:
    badge = Credential("h10301", 17, number % 65_536)
    now = datetime.now(UTC)
    return Transaction(now, badge, None, Decision(Reason.BADGE_UNKNOWN), 0.1, door="main", reader="outside")


def _recorded(store: Store, what: Transaction | AuditRow) -> int:
    with store.audit() as audit:
        if isinstance(what, Transaction):
            audit.record(what)
        else:
            audit.add(what)
    return 1


if __name__ == "__main__":
    main()
