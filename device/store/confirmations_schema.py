"""The table of commands that wait for a second person, as it began."""

from sqlite_utils import Database


def schema_of_confirmations(database: Database) -> None:
    """The table; names of people are not in it."""
    database.execute("""
        CREATE TABLE confirmations (
            row INTEGER PRIMARY KEY, command TEXT NOT NULL, person_id INTEGER, people TEXT NOT NULL,
            asked_by TEXT NOT NULL, boot TEXT NOT NULL, asked_s REAL NOT NULL, confirmed_by TEXT NOT NULL DEFAULT ''
        )""")
