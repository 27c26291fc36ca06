"""What was acknowledged is there after a kill and on a full disk; what was not is there whole or not at all."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from device.store.store import Store
from tests.processes import output_of

WRITER = Path(__file__).with_name("writer.py")


def start_writer(folder: Path, *, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(folder), str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def counts(folder: Path) -> tuple[int, ...]:
    """People, badges, references and audit rows."""
    with Store(folder) as store, closing(sqlite3.connect(store.path)) as connection:
        tables = ("people", "badges", "face_references", "audit")
        return tuple(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


def integrity(folder: Path) -> str:
    with Store(folder) as store, closing(sqlite3.connect(store.path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.fixture(scope="module", params=[1, 5, 23])
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a writer that was killed while it went on writing, and how many people it had acknowledged."""
    folder = tmp_path_factory.mktemp("killed")
    with start_writer(folder) as writer:
        acknowledged = [int(output_of(writer).readline()) for _ in range(request.param)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in output_of(writer) if line.endswith("\n")]
    return folder, len(acknowledged)


def test_killed_writer_loses_nothing_acknowledged(killed: tuple[Path, int]) -> None:
    folder, acknowledged = killed
    people, *_ = counts(folder)
    assert people in (acknowledged, acknowledged + 1)


def test_killed_writer_leaves_whole_transactions(killed: tuple[Path, int]) -> None:
    people, badges, references, rows = counts(killed[0])
    assert (badges, references, rows) == (people, 3 * people, people)


def test_killed_writer_leaves_an_intact_file(killed: tuple[Path, int]) -> None:
    assert integrity(killed[0]) == "ok"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of a writer whose file may grow no more, and what it said."""
    folder = tmp_path_factory.mktemp("full")
    said = start_writer(folder, limit=200_000).communicate(timeout=60)[0].splitlines()
    return folder, said


def test_full_disk_is_said(full: tuple[Path, list[str]]) -> None:
    assert "disk" in full[1][-1]


def test_full_disk_loses_nothing_acknowledged(full: tuple[Path, list[str]]) -> None:
    folder, said = full
    assert counts(folder)[0] == len(said) - 1


def test_full_disk_leaves_whole_transactions(full: tuple[Path, list[str]]) -> None:
    people, badges, references, rows = counts(full[0])
    assert (badges, references, rows) == (people, 3 * people, people)


def test_full_disk_leaves_an_intact_file(full: tuple[Path, list[str]]) -> None:
    assert integrity(full[0]) == "ok"
