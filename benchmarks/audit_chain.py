"""What the audit's chain costs: a commit with and without it, chaining an old database, verifying.

    python benchmarks/audit_chain.py [--commits 300] [--rows 100000]

Commits with and without the chain take turns in one run, on the same disk and with the same pragmas; the times are
milliseconds. `--rows` are in the database from before that is chained, verified and exported.
"""

import argparse
import resource
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from device.records import AuditRow, Event, Outcome, Reason, Stamp
from device.store.audit_search import ALL
from device.store.chain.links import COLUMNS
from device.store.migrations import MIGRATIONS
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STAMP = Stamp("0.2.0", "ab" * 32, "cd" * 32, "ef" * 32, "boot")
ROW = AuditRow(
    0, NOON, Event.DECISION, "17:1001", 4, Outcome.GRANTED, Reason.MATCH, 0.97, 0.94, 3, 3, 4, 0.7, door="main"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--rows", type=int, default=100_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commits(Path(folder) / "commits", chosen.commits)
        whole(Path(folder) / "whole", chosen.rows)


def commits(folder: Path, count: int) -> None:
    """One row a commit: as Lintel writes it, and the same columns without link, signature and mark."""
    with Store(folder) as store:
        store.chain.stamp = lambda: STAMP
        took: dict[str, list[float]] = {"with the chain": [], "without": []}
        plain = f"INSERT INTO plain ({', '.join(f'{chr(34)}{name}{chr(34)}' for name in COLUMNS[:-5])}) VALUES "
        values = [None, NOON.isoformat(), "decision", "granted", "match", 0.97, 0.94, 3, 3, 4, 0.7, "main"]
        values += [None] * (len(COLUMNS) - 5 - len(values))
        with store._session() as session:  # noqa: SLF001 - as the store itself does
            session.execute("CREATE TABLE plain AS SELECT * FROM audit WHERE 0")
        for _ in range(count):
            began = time.perf_counter()
            with store.audit() as audit:
                audit.add(ROW)
            took["with the chain"].append(time.perf_counter() - began)
            began = time.perf_counter()
            with store._session() as session:  # noqa: SLF001 - as the store itself does
                session.execute(f"{plain}({', '.join('?' for _ in values)})", values)
            took["without"].append(time.perf_counter() - began)
    for name, times in took.items():
        ordered = sorted(1000 * each for each in times)
        print(f"commit {name}: median {statistics.median(ordered):.2f} ms, 95 % {ordered[int(0.95 * count)]:.2f} ms")


def whole(folder: Path, rows: int) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "lintel.db")) as connection:
        database = Database(connection)
        chained = next(one.name for one in MIGRATIONS.pending(database) if "chain" in one.name)
        MIGRATIONS.apply(database, stop_before=chained)
        connection.executemany(
            "INSERT INTO audit (at, event, badge, person_id, outcome, reason, similarity, threshold, door) "
            "VALUES (?, 'decision', ?, ?, 'granted', 'match', 0.97, 0.94, 'main')",
            ((NOON.isoformat(), f"17:{number % 300}", number % 300) for number in range(rows)),
        )
        connection.commit()
    before = (folder / "lintel.db").stat().st_size
    began = time.perf_counter()
    with Store(folder) as store:
        print(f"{rows} rows from before chained in {time.perf_counter() - began:.1f} s")
        size = (folder / "lintel.db").stat().st_size
        print(f"database {before / 1e6:.0f} MB, then {size / 1e6:.0f}: {(size - before) / rows:.0f} bytes a row")
        with store.audit() as audit:
            audit.add(ROW)
            began = time.perf_counter()
            verdict = audit.verify()
        print(f"verified {verdict.rows} rows in {time.perf_counter() - began:.1f} s, findings {len(verdict.findings)}")
        began = time.perf_counter()
        with store.audit() as audit:
            count = sum(1 for _ in audit.search(ALL))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"read {count} rows in {time.perf_counter() - began:.1f} s; at most {peak:.0f} MB")


if __name__ == "__main__":
    main()
