"""Triggers that give each record an id of its own and the number of its last change, whatever statement writes it."""

from sqlite_utils import Database

_UID = "lower(hex(randomblob(16)))"


def count_changes(database: Database, table: str) -> None:
    """Gives what is in a table ids and numbers, and each row of it from now on."""
    database.execute(f"ALTER TABLE {table} ADD COLUMN uid TEXT")
    database.execute(f"ALTER TABLE {table} ADD COLUMN changed INTEGER")
    database.execute(f"UPDATE {table} SET uid = {_UID}")  # noqa: S608 - a constant
    number = "UPDATE changes SET last = last + 1"
    last = "(SELECT last FROM changes)"
    for row in database.execute(f"SELECT rowid FROM {table} ORDER BY rowid").fetchall():  # noqa: S608 - a constant
        database.execute(number)
        database.execute(f"UPDATE {table} SET changed = {last} WHERE rowid = ?", list(row))  # noqa: S608 - a constant
    database.execute(f"CREATE UNIQUE INDEX {table}_by_uid ON {table} (uid)")
    database.execute(f"""
        CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
            {number};
            UPDATE {table} SET uid = coalesce(NEW.uid, {_UID}), changed = {last} WHERE rowid = NEW.rowid;
        END""")  # noqa: S608 - constants
    database.execute(f"""
        CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} WHEN NEW.changed IS OLD.changed BEGIN
            {number};
            UPDATE {table} SET changed = {last} WHERE rowid = NEW.rowid;
        END""")  # noqa: S608 - constants
    database.execute(f"""
        CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
            {number};
            INSERT OR REPLACE INTO removed VALUES (OLD.uid, '{table}', {last});
        END""")  # noqa: S608 - constants


def count_parts(database: Database, table: str, *events: str) -> None:
    """Lets each of these events in a table count as a change of the person it belongs to."""
    for event in events:
        row = "OLD" if event == "DELETE" else "NEW"
        database.execute(f"""
            CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} BEGIN
                UPDATE people SET name = name WHERE id = {row}.person_id;
            END""")  # noqa: S608 - constants
