"""Chains the rows of a database that had no chain: the first head says what they were at that moment."""

import os
from typing import Any

from sqlite_utils import Database

from device.store.chain.canonical import FORM, NOTHING, PERSONAL, PUBLIC, SALT_BYTES, genesis, is_personal, row_hash

CHAIN_BYTES = 16
PAGE_ROWS = 1000
_PAGE = (
    f"SELECT {', '.join(f'{chr(34)}{name}{chr(34)}' for name in (*PUBLIC, *PERSONAL))} FROM audit "  # noqa: S608 - constants
    "WHERE id > ? ORDER BY id LIMIT ?"
)
_UPDATE = "UPDATE audit SET form = ?, previous = ?, salt = ?, hash = ? WHERE id = ?"


def begin_chain(database: Database) -> None:
    """Makes the columns and tables of the chain, and chains the rows that there are."""
    for column in (
        *("mode TEXT", "rule TEXT", "schedule TEXT", '"by" TEXT', "stamp INTEGER", "monotonic_s REAL"),
        *("form INTEGER", "previous BLOB", "salt BLOB", "hash BLOB"),
    ):
        database.execute(f"ALTER TABLE audit ADD COLUMN {column}")
    database.execute("""
        CREATE TABLE stamps (
            id INTEGER PRIMARY KEY, version TEXT NOT NULL, model TEXT NOT NULL, settings TEXT NOT NULL,
            rules TEXT NOT NULL, boot TEXT NOT NULL, clock TEXT NOT NULL
        )""")
    database.execute("""
        CREATE TABLE audit_head (
            chain BLOB NOT NULL, row INTEGER NOT NULL, hash BLOB NOT NULL, at TEXT NOT NULL, boot TEXT NOT NULL,
            signature BLOB, witnessed INTEGER NOT NULL DEFAULT 0
        )""")
    database.execute("""
        CREATE TABLE audit_marks (
            row INTEGER NOT NULL, kind TEXT NOT NULL, hash BLOB NOT NULL, at TEXT NOT NULL, boot TEXT NOT NULL,
            detail TEXT NOT NULL, signature BLOB,
            PRIMARY KEY (row, kind)
        ) WITHOUT ROWID""")
    _adopt(database)


def _adopt(database: Database) -> None:
    """Gives each row its link, a page at a time, and the chain its head, which the next commit signs."""
    chain = os.urandom(CHAIN_BYTES)
    last, digest = -(2**63), genesis(chain)
    while page := list(database.query(_PAGE, [last, PAGE_ROWS])):
        links = []
        for row in page:
            salt = os.urandom(SALT_BYTES) if is_personal(row) else None
            previous, digest = digest, _hash(row, salt, digest)
            links.append((FORM, previous, salt, digest, row["id"]))
        database.conn.executemany(_UPDATE, links)
        last = page[-1]["id"]
    database.execute(
        "INSERT INTO audit_head (chain, row, hash, at, boot) VALUES (?, ?, ?, '', '')",
        [chain, max(last, 0), digest],
    )


def _hash(row: dict[str, Any], salt: bytes | None, previous: bytes) -> bytes:
    return row_hash(row | {"form": FORM, "salt": salt}, previous, NOTHING) or NOTHING
