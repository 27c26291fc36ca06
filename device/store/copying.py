"""Copies the databases of a folder as they are at one moment, while others use them."""

import contextlib
import sqlite3
from pathlib import Path


def copy_databases(folder: Path, target: Path) -> int:
    """Copies each database in `folder` into `target`, by SQLite's own backup. How many there were.

    Raises `sqlite3.Error`, `OSError`.
    """
    found = sorted(folder.glob("*.db"))
    for path in found:
        with (
            contextlib.closing(
                sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=20.0)
            ) as source,
            contextlib.closing(sqlite3.connect(target / path.name)) as copy,
        ):
            source.backup(copy, pages=256)
    return len(found)
