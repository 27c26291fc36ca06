"""The table of alarms as it began, and the trigger that fills it."""

from sqlite_utils import Database


def begin_alarms(database: Database) -> None:
    """The table, and the trigger that opens alarms. The same thing again at the same place only counts."""
    database.execute("""
        CREATE TABLE alarms (
            row INTEGER PRIMARY KEY, kind TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL,
            door TEXT NOT NULL, reader TEXT NOT NULL, apart INTEGER NOT NULL,
            times INTEGER NOT NULL, last_at TEXT NOT NULL, acknowledged INTEGER
        )""")
    database.execute(
        "CREATE UNIQUE INDEX open_alarms ON alarms (event, door, reader, apart) WHERE acknowledged IS NULL"
    )
    database.execute("""
        CREATE TRIGGER alarm_opens AFTER INSERT ON audit
        WHEN new.reason IS 'duress' AND new.event = 'decision' OR new.event IN (
            'door-forced', 'door-held-open', 'door-tampered', 'reader-tampered', 'door-fault', 'door-power-failed',
            'reader-power-failed', 'reader-lost', 'part-failed', 'fault'
        )
        BEGIN
            INSERT INTO alarms (row, kind, event, at, door, reader, apart, times, last_at) VALUES (
                new.id,
                CASE
                    WHEN new.reason IS 'duress' THEN 'duress'
                    WHEN new.event = 'door-forced' THEN 'forced'
                    WHEN new.event = 'door-held-open' THEN 'held'
                    WHEN new.event IN ('door-tampered', 'reader-tampered') THEN 'tamper'
                    ELSE 'trouble'
                END,
                new.event, new.at, ifnull(new.door, ''), ifnull(new.reader, ''),
                CASE WHEN new.reason IS 'duress' THEN new.id ELSE 0 END, 1, new.at
            )
            ON CONFLICT (event, door, reader, apart) WHERE acknowledged IS NULL
            DO UPDATE SET times = times + 1, last_at = excluded.last_at;
        END""")
