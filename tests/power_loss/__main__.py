"""`make power-loss`: cuts the real store's power a thousand times, kills it at every write, and writes the page."""

import argparse
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.power_loss.trials import Recording, after_kill, after_power_cut, kill_points, killed_for_real, record

WHATS = ("day", "import", "migrate", "restore")
CALLS = ("pwrite64", "fdatasync")
HEAD = """# Power cuts and kills

Written by `make power-loss`. In a process of its own the real store enrolls, decides, revokes, renames, erases and
takes another device key (day), imports people with badges, groups, a legal basis and references (import), opens and
migrates a store of version 0.1.0 (migrate), and is replaced by a backup (restore); strace records each write, sync,
cut, removal and rename of it, and when it acknowledged what.

A power cut keeps what was synced, and of everything else a random part, in any order, a write torn at its sectors of
512 bytes. A kill keeps all that was written. Then the real store opens what is left: it must be whole, hold all that
was acknowledged, and of the step under way all or nothing.

| what | ended by | times | wrong |
|---|---|--:|--:|
"""


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    how: str
    wrong: tuple[str, ...]
    times: int


def main() -> None:
    """Exits with 1 if anything was lost or corrupt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--real-kills", type=int, default=40, help="of each call; the others are replayed")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    began = time.monotonic()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as elsewhere:
        for what in WHATS:
            recording = record(what, Path(elsewhere) / what)
            rows += _tried(recording, Path(elsewhere), -(-options.cuts // len(WHATS)), options.real_kills)
    page = _page(rows, time.monotonic() - began)
    print(page)
    for row in rows:
        print(*row.wrong[:5], sep="\n", file=sys.stderr)
    if options.write:
        options.write.write_text(page)
    sys.exit(any(row.wrong for row in rows))


def _tried(recording: Recording, elsewhere: Path, cuts: int, kills: int) -> Iterable[Row]:
    folder = elsewhere / "image"
    yield _row(recording, "a power cut", range(cuts), lambda seed: after_power_cut(recording, seed, folder))
    points = kill_points(recording)
    yield _row(recording, "kill -9 at each write and sync", points, lambda until: after_kill(recording, until, folder))
    for call in CALLS:
        numbers = range(1, min(kills, len(points)) + 1)

        def killed(number: int, call: str = call) -> str:
            return killed_for_real(recording, call, number, elsewhere / f"{recording.what}-{call}-{number}")

        yield _row(recording, f"kill -9 by the kernel at `{call}` 1 to {numbers[-1]}", numbers, killed)


def _row(recording: Recording, how: str, numbers: Iterable[int], tried: Callable[[int], str]) -> Row:
    answers = [tried(number) for number in numbers]
    return Row(recording.what, how, tuple(answer for answer in answers if answer), len(answers))


def _page(rows: Iterable[Row], took_s: float) -> str:
    lines = [f"| {row.what} | {row.how} | {row.times} | {len(row.wrong)} |\n" for row in rows]
    cuts = sum(row.times for row in rows if row.how == "a power cut")
    kills = sum(row.times for row in rows) - cuts
    wrong = sum(len(row.wrong) for row in rows)
    return (
        f"{HEAD}{''.join(lines)}\n{cuts} power cuts and {kills} kills: {wrong} stores corrupt or with an "
        f"acknowledged row lost. "
        f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, {took_s / 60:.0f} minutes.\n"
    )


if __name__ == "__main__":
    main()
