"""`kill -9` at each write of a rotation, a removal, an erasure, an enrollment and an import: whole, or not at all."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from device.records import Credential, Person
from device.store.database import Journal
from device.store.store import Store
from device.store.vault.key_file import Kind
from tests.device.store.unsealed import raw_bytes
from tests.there import there

MODEL = "ab" * 32
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
DIE_AT_PLACES = """
import os, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from device.records import Credential
from device.store.database import Journal
from device.store.store import Store
from tests.imported import import_one

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
left = [0]

def counted(real):
    def call(*arguments, **keywords):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **keywords)
    return call

def run(folder, place):
    store = Store(folder, journal=Journal(sys.argv[2]))
    with store.people() as people:
        eileen = people.named("Eileen Collins")

    def rotate():
        store.vault.rotate()

    def remove():
        with store.people() as people:
            one = people.faces.one(eileen, 2)
        with store.erasing(eileen), store.people() as people:
            people.faces.remove(one)

    def erase():
        store.erase(eileen, NOON)

    def enroll():
        with store.people() as people:
            ada = people.add("Ada", NOON)
            people.issue(Credential("h10301", 17, 1002), ada, NOON)
            people.add_references(ada, np.eye(3, 128, dtype=np.float32), "ab" * 32, NOON)

    def imported():
        done = import_one(store, "Ada", 1002, pictures)
        assert (done.outcome, done.references) == ("new", 3), done

    left[0] = place
    for name in ("fsync", "replace", "rename", "unlink", "open"):
        setattr(os, name, counted(getattr(os, name)))
    for file in (store, store.vault.file):
        for connection in file._connections._idle:
            connection.database.conn.set_trace_callback(counted(lambda statement: None))
    {"rotate": rotate, "remove": remove, "erase": erase, "enroll": enroll, "import": imported}[sys.argv[3]]()
    store.close()

def ended(folder, place):
    child = os.fork()
    if child == 0:
        try:
            run(folder, place)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

base = Path(sys.argv[1])
pictures = base.with_name("pictures")
for place in range(1, int(sys.argv[5]), int(sys.argv[4])):
    copy = base.with_name(f"copy{place}")
    shutil.copytree(base, copy)
    shutil.copytree(base.with_name(f"{base.name}-keys"), copy.with_name(f"{copy.name}-keys"))
    code = ended(copy, place)
    print(place, code, flush=True)
    if code != -signal.SIGKILL:
        break
"""
"""Each system call of ours that writes, and each statement of SQLite, is a place to die at.

One process imports what it needs once, and forks for each place, which is ten times cheaper than a start for each.
"""
MOST = 400


@pytest.fixture(params=[Journal.PERSIST, pytest.param(Journal.WAL, marks=pytest.mark.slow)])
def journal(request: pytest.FixtureRequest) -> Journal:
    """Both that `safest_journal` may choose; the second with the slow tests."""
    return Journal(request.param)


@pytest.fixture
def folder(tmp_path: Path, journal: Journal, embeddings: NDArray[Any], badge: Credential) -> Path:
    with Store(tmp_path / "state", journal=journal) as store, store.people() as people:
        person = people.add("Eileen Collins", NOON)
        people.issue(badge, person, NOON)
        people.add_references(person, embeddings, MODEL, NOON)
    return tmp_path / "state"


def places(folder: Path, journal: Journal, what: str, check: Callable[[Store, bool], None]) -> int:
    """Dies at place after place in a copy of the folder, and looks at what is left. `LINTEL_EACH=1` takes each one."""
    each = os.environ.get("LINTEL_EACH", "7")
    command = [sys.executable, "-c", DIE_AT_PLACES, str(folder), journal, what, each, str(MOST)]
    ended = subprocess.run(command, timeout=600, check=True, capture_output=True, text=True)
    codes = {int(place): int(code) for place, code in map(str.split, ended.stdout.splitlines())}
    *killed, last = codes
    assert {codes[place] for place in killed} == {-signal.SIGKILL}
    assert codes[last] == 0, ended.stderr or "it never ends"
    for place, code in codes.items():
        with Store(folder.with_name(f"copy{place}"), journal=journal) as store:
            check(store, code != 0)
    return last


def eileen_of(store: Store) -> Person | None:
    with store.people() as people:
        return people.named("Eileen Collins")


def test_killed_rotation_leaves_one_key_in_force(folder: Path, journal: Journal, embeddings: NDArray[Any]) -> None:
    with Store(folder, journal=journal) as store:
        wrapped = there(store.vault.file.newest(1, Kind.FACE)).content

    def check(store: Store, was_killed: bool) -> None:
        with store.people() as people:
            assert people.references(there(eileen_of(store)), MODEL).tolist() == embeddings.tolist()
        if there(store.vault.file.newest(1, Kind.FACE)).content != wrapped:
            assert wrapped not in raw_bytes(store.path.parent)
        store.vault.rotate()
        with store.people() as people:
            assert people.references(there(eileen_of(store)), MODEL).tolist() == embeddings.tolist()
        keys = store.path.parent.with_name(f"{store.path.parent.name}-keys")
        assert [path.name for path in keys.glob("device*")] == ["device.key"]
        assert (was_killed, store.vault.file.is_unfinished) in ((True, False), (False, False))

    assert places(folder, journal, "rotate", check) > 8


def test_killed_removal_is_whole_or_not_at_all(folder: Path, journal: Journal, embeddings: NDArray[Any]) -> None:
    def check(store: Store, was_killed: bool) -> None:
        with store.people() as people:
            found = people.references(there(eileen_of(store)), MODEL).tolist()
        kept = embeddings[[0, 2]].tolist()
        assert found in (kept, embeddings.tolist()) if was_killed else found == kept

    assert places(folder, journal, "remove", check) > 8


def test_killed_erasure_is_completed_or_not_begun(folder: Path, journal: Journal, embeddings: NDArray[Any]) -> None:
    with Store(folder, journal=journal) as store:
        key = there(store.vault.file.newest(1, Kind.FACE)).content

    def check(store: Store, was_killed: bool) -> None:
        person = eileen_of(store)
        if person is None:
            assert (store.vault.file.holders(), key in raw_bytes(store.path.parent)) == ((), False)
            return
        assert was_killed
        with store.people() as people:
            assert people.references(person, MODEL).tolist() == embeddings.tolist()

    assert places(folder, journal, "erase", check) > 8


def test_killed_enrollment_leaves_nobody_by_halves(folder: Path, journal: Journal) -> None:
    def check(store: Store, was_killed: bool) -> None:
        with store.people() as people:
            claim = people.claim(Credential("h10301", 17, 1002), MODEL)
        assert claim is None if was_killed and claim is None else there(claim).references.shape == (3, 128)
        expected = (1,) if claim is None else (1, there(claim).person.id)
        assert store.vault.file.holders() == expected

    assert places(folder, journal, "enroll", check) > 8


def test_killed_import_leaves_a_whole_person_or_none(folder: Path, journal: Journal) -> None:
    def check(store: Store, was_killed: bool) -> None:
        with store.people() as people:
            ada, badge = people.named("Ada"), people.badge(Credential("h10301", 18, 1002))
            enrolled = people.enrolled(ada) if ada else None
            basis = people.bases.present(ada) if ada else None
        if enrolled is None:
            assert was_killed
            assert (badge, store.vault.file.holders()) == (None, (1,))
            return
        assert (there(badge).person, basis is not None) == (ada, True)
        assert ([count for _, count in enrolled.references], sorted(enrolled.groups)) == ([3], ["night", "staff"])
        assert enrolled.valid.ends is not None
        assert store.vault.file.holders() == (1, there(ada).id)

    assert places(folder, journal, "import", check) > 8
