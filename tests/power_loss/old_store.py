"""A store as version 0.1.0 left it: made by its migrations alone, with people, references and rows from a seed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from device.store.migrations import MIGRATIONS

LAST = "0006-what-references-were-made-of"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).isoformat()


def make_old_store(folder: Path, people: int = 20) -> None:
    """Writes `folder/lintel.db`."""
    folder.mkdir(parents=True, mode=0o700)
    chance = np.random.default_rng(1)
    with closing(Database(folder / "lintel.db")) as database:
        MIGRATIONS.apply(database, stop_before=_after(database))
        for number in range(1, people + 1):
            vectors = chance.standard_normal((3, 128)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            database.table("people").insert({"id": number, "name": f"Person {number}", "enrolled_at": NOON})
            badge = {"format": "number", "facility": 0, "number": str(number), "person_id": number, "issued_at": NOON}
            database.table("badges").insert(badge)
            database.table("face_references").insert_all(
                {"person_id": number, "model_sha256": "ab" * 32, "embedding": one.tobytes(), "enrolled_at": NOON}
                for one in vectors
            )
            at = datetime(2026, 6, 2, tzinfo=UTC) + timedelta(minutes=number)
            database.table("audit").insert({"at": at.isoformat(), "event": "enrolled", "person_id": number})
    (folder / "lintel.db").chmod(0o600)


def _after(database: Database) -> str:
    names = [migration.name for migration in MIGRATIONS.pending(database)]
    return names[names.index(LAST) + 1]
