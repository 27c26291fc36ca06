"""The law: threads and processes that commit and roll back at random, killed at random; exactly what was acknowledged
is there.
"""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from device.store.database import Journal
from tests.processes import output_of

THREADS = Path(__file__).with_name("threads.py")
PROCESSES, THREADS_EACH = 2, 3


@pytest.fixture(scope="module", params=[(journal, seed) for journal in Journal for seed in range(3)], ids=str)
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The store's file, and the rows that two processes had acknowledged when they were killed."""
    journal, seed = request.param
    folder, drawn = tmp_path_factory.mktemp("killed"), random.Random(seed)
    children = []
    for index in range(PROCESSES):
        command = [sys.executable, THREADS, folder, journal, f"{seed}-{index}", str(THREADS_EACH)]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    acknowledged = [output_of(child).readline().strip() for child in children]
    for child in children:
        time.sleep(drawn.uniform(0.0, 1.0))
        child.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in output_of(child) if line.endswith("\n")]
        child.wait(60)
        output_of(child).close()
    return folder / "lintel.db", acknowledged


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT fault FROM audit")]


def test_every_acknowledged_row_is_there_once(killed: tuple[Path, list[str]]) -> None:
    path, acknowledged = killed
    there = rows(path)
    assert [there.count(name) for name in acknowledged] == [1] * len(acknowledged)


def test_no_row_that_was_taken_back_is_there(killed: tuple[Path, list[str]]) -> None:
    assert [name for name in rows(killed[0]) if name.startswith("undone")] == []


def test_no_more_is_there_than_each_thread_had_under_way(killed: tuple[Path, list[str]]) -> None:
    path, acknowledged = killed
    assert len(set(rows(path)) - set(acknowledged)) <= 6


def test_file_is_intact(killed: tuple[Path, list[str]]) -> None:
    with closing(sqlite3.connect(killed[0])) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_there_was_something_to_lose(killed: tuple[Path, list[str]]) -> None:
    assert len(killed[1]) >= 4
