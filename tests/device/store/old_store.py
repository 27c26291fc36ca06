"""Makes a store as Lintel 0.1.0 left it: its first schema, 500 people with references in the clear, 10,000 rows."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from device.store.migrations import MIGRATIONS

PEOPLE, REFERENCES, ROWS = 500, 3, 10_000
BEGAN = datetime(2025, 3, 1, 8, tzinfo=UTC)
MODEL, OLDER_MODEL = "ab" * 32, "cd" * 32


def vectors(people: int = PEOPLE) -> NDArray[np.float32]:
    """The references, float32 [people, REFERENCES, 128]."""
    drawn = np.random.default_rng(16).normal(size=(people, REFERENCES, 128))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=2, keepdims=True), np.float32)


def make(folder: Path, people: int = PEOPLE, rows: int = ROWS) -> NDArray[np.float32]:
    """Writes lintel.db into the folder, as it lies there after a crash-free stop; returns the references."""
    folder.mkdir(parents=True, exist_ok=True)
    made = vectors(people)
    with closing(sqlite3.connect(folder / "lintel.db", isolation_level=None)) as connection:
        for pragma in ("journal_mode=persist", "secure_delete=1", "foreign_keys=1"):
            connection.execute(f"PRAGMA {pragma}")
        MIGRATIONS.apply(Database(connection), stop_before="0002-revoked-badges-outlive-their-holders")
        connection.execute("BEGIN")
        for number in range(1, people + 1):
            _add(connection, number, made[number - 1])
        for number in range(rows):
            _note(connection, number, people)
        connection.execute("COMMIT")
    (folder / "lintel.db").chmod(0o600)
    return made


def _add(connection: sqlite3.Connection, number: int, references: NDArray[np.float32]) -> None:
    at = (BEGAN + timedelta(minutes=number)).isoformat()
    revoked = at if number % 17 == 0 else None
    connection.execute("INSERT INTO people (name, enrolled_at) VALUES (?, ?)", [f"Person {number}", at])
    connection.execute(
        "INSERT INTO badges VALUES ('h10301', 17, ?, ?, ?, ?)", [str(1000 + number), number, at, revoked]
    )
    for index, vector in enumerate(references):
        model = OLDER_MODEL if number % 10 == 0 and index == 0 else MODEL
        connection.execute(
            "INSERT INTO face_references (person_id, model_sha256, embedding, enrolled_at) VALUES (?, ?, ?, ?)",
            [number, model, vector.astype("<f4").tobytes(), at],
        )


def _note(connection: sqlite3.Connection, number: int, people: int) -> None:
    at, person_id = (BEGAN + timedelta(hours=1, seconds=number)).isoformat(), number % people + 1
    granted = number % 7 != 0
    connection.execute(
        'INSERT INTO audit (at, event, badge, person_id, outcome, reason, similarity, threshold, probes, "references", '
        "frames, waited_s) VALUES (?, 'decision', ?, ?, ?, ?, ?, 0.5, 3, 3, 4, 0.9)",
        [
            at,
            f"17:{1000 + person_id}",
            person_id,
            "granted" if granted else "denied",
            "match" if granted else "non-match",
            0.7 if granted else 0.2,
        ],
    )
