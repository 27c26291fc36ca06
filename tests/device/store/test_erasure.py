"""An erasure that is interrupted between its commit and the overwriting is carried to its end by the next store."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from numpy.typing import NDArray

from device.errors import StoreError
from device.records import Credential, Person
from device.store import erasure
from device.store.database import Journal
from device.store.store import Store
from tests.device.commands import Lintel
from tests.device.store.unsealed import sealed_reference

MODEL = "ab" * 32
ERASE_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from device.store import erasure
from device.store.database import Journal
from device.store.store import Store

store = Store(Path(sys.argv[1]), journal=Journal(sys.argv[2]))
with store.people() as people:
    person = people.named("Eileen Collins")
erasure.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store.erase(person, datetime.now(UTC))
"""


def raw_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.fixture(params=list(Journal))
def interrupted(
    request: pytest.FixtureRequest, tmp_path: Path, now: datetime, badge: Credential, embeddings: NDArray[Any]
) -> tuple[Path, Journal, bytes]:
    """The folder of a store whose process died after the erasure was committed, its journal, a sealed reference."""
    with Store(tmp_path, journal=request.param) as store, store.people() as people:
        person = people.add("Eileen Collins", now)
        people.issue(badge, person, now)
        people.add_references(person, embeddings, MODEL, now)
    sealed = sealed_reference(store)
    with Store(tmp_path, journal=request.param):  # a log is not cut off while another store is open
        command = [sys.executable, "-c", ERASE_AND_DIE, str(tmp_path), request.param]
        assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL
    return tmp_path, request.param, sealed


def test_store_that_is_opened_next_overwrites_what_was_left(
    interrupted: tuple[Path, Journal, bytes],
) -> None:
    folder, journal, sealed = interrupted
    Store(folder, journal=journal).close()
    assert sealed[:64] not in raw_bytes(folder)


def test_bytes_were_there_to_be_overwritten(interrupted: tuple[Path, Journal, bytes]) -> None:
    folder, journal, sealed = interrupted
    left = sealed[:64] in raw_bytes(folder)
    assert left is (journal is Journal.PERSIST)


def test_running_store_overwrites_what_another_left(
    interrupted: tuple[Path, Journal, bytes], trouble_of: Callable[[Store], str]
) -> None:
    folder, journal, sealed = interrupted
    with Store(folder, opened=False, journal=journal) as store:
        assert trouble_of(store) == ""
        assert sealed[:64] not in raw_bytes(folder)


def test_mark_is_gone_when_all_is_overwritten(interrupted: tuple[Path, Journal, bytes]) -> None:
    folder, journal, _ = interrupted
    before = [path.name for path in folder.iterdir() if "erasing" in path.name]
    Store(folder, journal=journal).close()
    after = [path.name for path in folder.iterdir() if "erasing" in path.name]
    assert (before, after) == (["lintel.db-erasing-1"], [])


def test_erasure_that_fails_at_overwriting_is_completed_later(
    store: Store, eileen: Person, now: datetime, monkeypatch: pytest.MonkeyPatch, trouble_of: Callable[[Store], str]
) -> None:
    def fail(*_: Path) -> NoReturn:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(erasure, "_overwrite", fail)
    with pytest.raises(StoreError, match="Input/output error"):
        store.erase(eileen, now)
    monkeypatch.undo()
    assert (trouble_of(store), list(store.path.parent.glob("*erasing*"))) == ("", [])


def test_erasure_that_is_not_committed_overwrites_nothing(
    store: Store, eileen: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Person | Path) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(erasure, "announce", fail)
    with pytest.raises(StoreError, match="No space left"):
        store.erase(eileen, now)
    with store.people() as people:
        assert people.named("Eileen Collins") == eileen


def test_journal_that_is_a_link_is_not_followed(store: Store, eileen: Person, now: datetime, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"untouched")
    journal = store.path.with_name("lintel.db-journal")
    journal.unlink()
    journal.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        store.erase(eileen, now)
    assert (tmp_path / "elsewhere").read_bytes() == b"untouched"


def test_person_without_a_trace_is_erased_without_a_word(store: Store, now: datetime) -> None:
    store.erase(Person(99, "Nobody"), now)
    assert list(store.path.parent.glob("*erasing*")) == []


@pytest.mark.parametrize("interrupted", [Journal.PERSIST], indirect=True)
def test_command_that_is_repeated_leaves_no_byte(interrupted: tuple[Path, Journal, bytes], lintel: Lintel) -> None:
    """The person is gone already, which it says, and what the journal still held of them is overwritten."""
    folder, _, sealed = interrupted
    ended = lintel("--state-dir", folder, "people", "remove", "Eileen Collins", "--yes")
    assert (ended.exit_code, "Eileen Collins" in ended.err) == (9, True)
    assert sealed[:64] not in raw_bytes(folder)


def test_log_that_another_program_reads_is_awaited_for_5_s(tmp_path: Path) -> None:
    asked: list[str] = []
    with Store(tmp_path, journal=Journal.WAL) as store, store._connection() as connection:
        connection.database.conn.set_trace_callback(asked.append)
        erasure.finish(connection.database, store.path)
    waits = [statement for statement in asked if "busy_timeout" in statement]
    assert waits == ["PRAGMA busy_timeout = 5000", "PRAGMA busy_timeout = 0"]
