"""The tables of commands from the network, and the triggers that have revocations win over a restore."""

from sqlite_utils import Database


def schema_of_remote(database: Database) -> None:
    """No client is let in yet."""
    database.execute("""
        CREATE TABLE remote_clients (
            uid TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
            commands TEXT NOT NULL, doors TEXT NOT NULL, made_at TEXT NOT NULL, secret BLOB NOT NULL,
            failed INTEGER NOT NULL DEFAULT 0, floor_us INTEGER NOT NULL DEFAULT 0,
            UNIQUE (kind, name)
        )""")
    database.execute("CREATE UNIQUE INDEX remote_numbers ON remote_clients (number) WHERE kind = 'code'")
    database.execute("""
        CREATE TABLE remote_used (
            uid TEXT NOT NULL REFERENCES remote_clients(uid) ON DELETE CASCADE,
            nonce TEXT NOT NULL, issued_us INTEGER NOT NULL, PRIMARY KEY (uid, nonce)
        ) WITHOUT ROWID""")
    _on(database, "remote", "AFTER DELETE ON remote_clients", "OLD.uid", "0")
    _on(
        database,
        "remote-tried",
        "AFTER UPDATE OF failed ON remote_clients WHEN NEW.failed >= 5 OR OLD.failed >= 5",
        "NEW.uid",
        "NEW.failed",
    )


def _on(database: Database, kind: str, event: str, uid: str, detail: str) -> None:
    database.execute(f"""
        CREATE TRIGGER withdrawn_{kind.replace("-", "_")} {event} BEGIN
            INSERT INTO withdrawn (series, kind, uid, detail)
            SELECT (SELECT series FROM withdrawn_series ORDER BY id DESC LIMIT 1), '{kind}', {uid}, {detail};
        END""")  # noqa: S608 - constants
