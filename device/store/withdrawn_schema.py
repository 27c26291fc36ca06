"""The list of what was taken from people and badges: its table, and the triggers that write it."""

from sqlite_utils import Database


def schema_of_withdrawals(database: Database) -> None:
    """Makes the list and the triggers that write it, whatever statement takes something."""
    database.execute("CREATE TABLE withdrawn_series (id INTEGER PRIMARY KEY AUTOINCREMENT, series TEXT, key BLOB)")
    database.execute("INSERT INTO withdrawn_series (series, key) VALUES (lower(hex(randomblob(8))), randomblob(32))")
    database.execute("""
        CREATE TABLE withdrawn (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            series TEXT NOT NULL, kind TEXT NOT NULL, uid TEXT NOT NULL, detail INTEGER NOT NULL
        )""")
    badge = "AFTER UPDATE OF revoked_at, suspended_at ON badges WHEN"
    _on(database, "revoked", f"{badge} NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL", "NEW.generation")
    _on(
        database,
        "suspended",
        f"{badge} NEW.suspended_at IS NOT NULL AND OLD.suspended_at IS NULL AND NEW.revoked_at IS NULL",
        "NEW.generation",
    )
    _on(
        database,
        "valid",
        f"{badge} NEW.revoked_at IS NULL AND NEW.suspended_at IS NULL "
        "AND (OLD.revoked_at IS NOT NULL OR OLD.suspended_at IS NOT NULL)",
        "NEW.generation",
    )
    again = "AFTER UPDATE OF generation ON badges WHEN NEW.generation > OLD.generation"
    _on(database, "generation", again, "NEW.generation")
    _on(database, "badge", "AFTER DELETE ON badges", "OLD.generation")
    _on(database, "person", "AFTER DELETE ON people", "0")
    _on(database, "reference", "AFTER DELETE ON face_references", "0")
    holder = "(SELECT uid FROM people WHERE id = {}.person_id)"
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        _on(database, "pin", f"AFTER {event} ON pins", "0", uid=holder.format(row))
    tried = "(SELECT uid FROM badges WHERE (format, facility, number) = (NEW.format, NEW.facility, NEW.number))"
    limit = "AFTER INSERT ON attempts WHEN NEW.face >= 50 OR NEW.pin >= 10"
    _on(database, "tried", limit, "(NEW.face << 20) + NEW.pin", uid=tried)


def _on(database: Database, kind: str, event: str, detail: str, *, uid: str = "") -> None:
    row = uid or ("OLD.uid" if "DELETE" in event else "NEW.uid")
    name = f"withdrawn_{kind}_{event.split()[1].lower()}"
    database.execute(f"""
        CREATE TRIGGER {name} {event} BEGIN
            INSERT INTO withdrawn (series, kind, uid, detail)
            SELECT (SELECT series FROM withdrawn_series ORDER BY id DESC LIMIT 1), '{kind}', found.uid, {detail}
            FROM (SELECT {row} AS uid) AS found WHERE found.uid IS NOT NULL;
        END""")  # noqa: S608 - constants
