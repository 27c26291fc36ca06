"""A disk without room, for simulations and tests: with the error that SQLite itself has for it."""

import sqlite3
from contextlib import closing


def refuse_without_room() -> None:
    """For `Store.before_writing`. Raises the `sqlite3.OperationalError` of a write that finds no room, always."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as tiny:
        tiny.execute("PRAGMA max_page_count = 1")
        tiny.execute("CREATE TABLE larger (than_a_page)")
    raise AssertionError("SQLite found room for two pages in one")


def accept() -> None:
    """For `Store.before_writing`: there is room."""
