"""A store of Lintel 0.1.0 goes through every later schema: all is as before, and no reference is left in the clear."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.errors import KeyMissing
from device.store.database import Journal
from device.store.store import Store
from tests.device.store import old_store
from tests.device.store.unsealed import raw_bytes

MODEL, OLDER_MODEL = "ab" * 32, "cd" * 32
FEW = 40
OLD_TABLES = {
    "people": "id, name, enrolled_at",
    "badges": "format, facility, number, person_id, issued_at, revoked_at",
    "face_references": "id, person_id, model_sha256, enrolled_at",
    "audit": "id, at, event, badge, person_id, outcome, reason, similarity, threshold, probes, frames, waited_s, fault",
}
UPGRADE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from device.store import {module}
from device.store.database import Journal
from device.store.store import Store

real, calls = {module}.{name}, [0]

def counted(*arguments, **keywords):
    calls[0] += 1
    if calls[0] == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **keywords)

{module}.{name} = counted
Store(Path(sys.argv[1]), journal=Journal(sys.argv[2])).close()
"""


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(folder / "lintel.db")) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3").fetchall()
            for table, columns in OLD_TABLES.items()
        }


def in_the_clear(folder: Path, vectors: NDArray[Any]) -> int:
    """How many references have a part in any file."""
    content = raw_bytes(folder)
    return sum(vector.astype("<f4").tobytes()[64:96] in content for vector in vectors.reshape(-1, 128))


def are_right(folder: Path, vectors: NDArray[Any]) -> bool:
    with Store(folder) as store, store.people() as people:
        found = {person.id: list(known) for person, known in people.all_references(MODEL)}
        older = {person.id: list(known) for person, known in people.all_references(OLDER_MODEL)}
    return all(
        np.array_equal(np.array(older.get(number, []) + found[number]), vectors[number - 1])
        for number in range(1, len(vectors) + 1)
    )


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[Any], dict[str, Any]]:
    """The folder of the old store after the new version has opened it, its references, and what was in its tables."""
    folder = tmp_path_factory.mktemp("old") / "state"
    vectors = old_store.make(folder)
    assert in_the_clear(folder, vectors) == 1500
    before = contents(folder)
    Store(folder).close()
    return folder, vectors, before


def test_upgrade_changes_no_table_s_contents(upgraded: tuple[Path, NDArray[Any], dict[str, Any]]) -> None:
    folder, _, before = upgraded
    after = contents(folder)
    assert [len(rows) for rows in after.values()] == [500, 500, 1500, 10_000]
    assert after == before


def test_upgrade_keeps_every_reference(upgraded: tuple[Path, NDArray[Any], dict[str, Any]]) -> None:
    assert are_right(upgraded[0], upgraded[1])


def test_upgrade_leaves_no_reference_in_the_clear(upgraded: tuple[Path, NDArray[Any], dict[str, Any]]) -> None:
    folder, vectors, _ = upgraded
    assert in_the_clear(folder, vectors) == 0
    assert [path.name for path in folder.iterdir() if "erasing" in path.name] == []


@pytest.mark.parametrize("journal", list(Journal))
@pytest.mark.parametrize(
    ("module", "name", "time"),
    [
        ("plain", "seal_plain", 1),
        ("erasure", "announce_plain", 1),
        ("plain", "generation_of", 1),
        ("plain", "generation_of", 77),
        ("plain", "generation_of", 120),
        ("erasure", "finish", 1),
        ("erasure", "_overwrite", 1),
        ("erasure", "_cut_off_log", 1),
    ],
)
def test_upgrade_that_is_killed_is_completed(
    tmp_path: Path, journal: Journal, module: str, name: str, time: int
) -> None:
    vectors = old_store.make(tmp_path / "state", FEW, 100)
    before = contents(tmp_path / "state")
    command = [sys.executable, "-c", UPGRADE_AND_DIE.format(module=module, name=name)]
    ended = subprocess.run([*command, str(tmp_path / "state"), journal, str(time)], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    Store(tmp_path / "state", journal=journal).close()
    assert (are_right(tmp_path / "state", vectors), contents(tmp_path / "state")) == (True, before)
    assert in_the_clear(tmp_path / "state", vectors) == 0


def test_without_a_place_for_a_key_nothing_is_lost_and_no_face_counts(
    tmp_path: Path, trouble_of: Callable[[Store], str]
) -> None:
    vectors = old_store.make(tmp_path / "state", FEW, 100)
    (tmp_path / "state-keys").mkdir()
    (tmp_path / "state-keys" / "device.key").write_text("in the way")
    with Store(tmp_path / "state") as store:
        assert len(contents(tmp_path / "state")["face_references"]) == 120
        with pytest.raises(KeyMissing, match="have not been sealed yet"), store.people() as people:
            people.all_references(MODEL)
        assert (trouble_of(store), "holds no device key" in store.key_trouble()) == ("", True)
        (tmp_path / "state-keys" / "device.key").unlink()
        assert trouble_of(store) == ""
    assert (are_right(tmp_path / "state", vectors), in_the_clear(tmp_path / "state", vectors)) == (True, 0)
