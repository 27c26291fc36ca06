"""The database's schema, as the steps that made it. A step that was released is never edited."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from device.store.alarm_table import begin_alarms
from device.store.chain.adopting import begin_chain
from device.store.confirmations_schema import schema_of_confirmations
from device.store.numbered import count_changes, count_parts
from device.store.remote_schema import schema_of_remote
from device.store.withdrawn_schema import schema_of_withdrawals

MIGRATIONS = Migrations("lintel")


@MIGRATIONS(name="0001-people-badges-references-audit")
def _first_tables(database: Database) -> None:
    database.execute("""
        CREATE TABLE people (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL COLLATE NOCASE UNIQUE, enrolled_at TEXT NOT NULL
        )""")
    database.execute("""
        CREATE TABLE badges (
            format TEXT NOT NULL, facility INTEGER NOT NULL, number TEXT NOT NULL,
            person_id INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE,
            issued_at TEXT NOT NULL, revoked_at TEXT,
            PRIMARY KEY (format, facility, number)
        )""")
    database.execute("""
        CREATE TABLE face_references (
            id INTEGER PRIMARY KEY,
            person_id INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE,
            model_sha256 TEXT NOT NULL, embedding BLOB NOT NULL, enrolled_at TEXT NOT NULL
        )""")
    database.execute("""
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL, event TEXT NOT NULL, badge TEXT, person_id INTEGER,
            outcome TEXT, reason TEXT, similarity REAL, threshold REAL, probes INTEGER, "references" INTEGER,
            frames INTEGER, waited_s REAL, fault TEXT
        )""")


@MIGRATIONS(name="0002-revoked-badges-outlive-their-holders")
def _revoked_badges(database: Database) -> None:
    database.execute("""
        CREATE TABLE revoked_badges (
            format TEXT NOT NULL, facility INTEGER NOT NULL, number TEXT NOT NULL, revoked_at TEXT NOT NULL,
            PRIMARY KEY (format, facility, number)
        )""")


@MIGRATIONS(name="0003-doors-and-readers-in-the-audit-and-more-time-for-some")
def _doors_and_readers(database: Database) -> None:
    database.execute("ALTER TABLE audit ADD COLUMN door TEXT")
    database.execute("ALTER TABLE audit ADD COLUMN reader TEXT")
    database.execute("ALTER TABLE people ADD COLUMN extended INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0004-indexes-on-foreign-keys")
def _indexes(database: Database) -> None:
    """With the model, so that references are counted without reading them."""
    database.execute("CREATE INDEX face_references_by_person ON face_references (person_id, model_sha256)")
    database.execute("CREATE INDEX badges_by_person ON badges (person_id)")


@MIGRATIONS(name="0005-badges-can-be-suspended")
def _suspended_badges(database: Database) -> None:
    database.execute("ALTER TABLE badges ADD COLUMN suspended_at TEXT")


@MIGRATIONS(name="0006-what-references-were-made-of")
def _origins_of_references(database: Database) -> None:
    """What the picture is called, and the measures of its quality as JSON; NULL for references from before."""
    database.execute("ALTER TABLE face_references ADD COLUMN source TEXT")
    database.execute("ALTER TABLE face_references ADD COLUMN quality TEXT")


@MIGRATIONS(name="0007-what-speaks-for-a-live-person")
def _presentations(database: Database) -> None:
    """NULL for rows from before, and for doors that do not look for presentation attacks. The index is for what was
    before with a badge, which is asked for while its holder waits.
    """
    for column in ("pad TEXT", "scene REAL", "live REAL", "turned REAL", "turns TEXT"):
        database.execute(f"ALTER TABLE audit ADD COLUMN {column}")
    database.execute("CREATE INDEX decisions_by_badge ON audit (badge, id) WHERE event = 'decision'")


@MIGRATIONS(name="0008-rules-of-the-owner")
def _rules(database: Database) -> None:
    """Each text that was ever applied; the newest counts. `people` has the numbers of the people it names, as JSON."""
    database.execute("""
        CREATE TABLE rule_sets (
            version INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL, sha256 TEXT NOT NULL, text TEXT NOT NULL, people TEXT NOT NULL
        )""")


@MIGRATIONS(name="0009-pins-attempts-and-badges-for-duress")
def _pins(database: Database) -> None:
    """Both go with the person. Attempts are of badges: whoever finds one may use them up, and its holder's others
    count on.
    """
    database.execute("""
        CREATE TABLE pins (
            person_id INTEGER PRIMARY KEY REFERENCES people(id) ON DELETE CASCADE,
            pin BLOB NOT NULL, duress BLOB, set_at TEXT NOT NULL
        )""")
    database.execute("""
        CREATE TABLE attempts (
            format TEXT NOT NULL, facility INTEGER NOT NULL, number TEXT NOT NULL,
            face INTEGER NOT NULL, pin INTEGER NOT NULL, since_grant INTEGER NOT NULL,
            PRIMARY KEY (format, facility, number),
            FOREIGN KEY (format, facility, number) REFERENCES badges ON DELETE CASCADE
        ) WITHOUT ROWID""")
    database.execute("ALTER TABLE badges ADD COLUMN duress INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0010-the-newest-time")
def _newest_time(database: Database) -> None:
    """The newest time that was trusted, in one row; `accepted` counts how often an operator vouched for the clock."""
    database.execute("""
        CREATE TABLE clock_mark (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            newest TEXT, confirmed TEXT, monotonic REAL NOT NULL, boot TEXT NOT NULL, synchronized TEXT,
            accepted INTEGER NOT NULL DEFAULT 0
        )""")


@MIGRATIONS(name="0011-where-people-are")
def _places(database: Database) -> None:
    """The area that each person's last passage led to, from when on an area is in doubt, and passages to come."""
    database.execute("""
        CREATE TABLE places (
            person_id INTEGER PRIMARY KEY REFERENCES people(id) ON DELETE CASCADE,
            area TEXT NOT NULL, at TEXT NOT NULL, row INTEGER NOT NULL
        )""")
    database.execute("CREATE INDEX places_by_area ON places (area)")
    database.execute("CREATE TABLE place_doubts (area TEXT PRIMARY KEY, row INTEGER NOT NULL)")
    database.execute("""
        CREATE TABLE awaited_passages (
            row INTEGER PRIMARY KEY, door TEXT NOT NULL, leads TEXT NOT NULL,
            person_id INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE
        )""")
    database.execute("CREATE INDEX awaited_passages_by_person ON awaited_passages (person_id)")


@MIGRATIONS(name="0012-ids-changes-groups-validity-and-legal-bases")
def _ids_and_changes(database: Database) -> None:
    """People and badges get an id that no other database has, and each record the number of its last change. Triggers
    count, so that no statement can forget to. What is deleted leaves its id, and nothing else.
    """
    database.execute("CREATE TABLE changes (last INTEGER NOT NULL)")
    database.execute("INSERT INTO changes VALUES (0)")
    database.execute("CREATE TABLE removed (uid TEXT PRIMARY KEY, kind TEXT NOT NULL, changed INTEGER) WITHOUT ROWID")
    database.execute("""
        CREATE TABLE memberships (
            person_id INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE, name TEXT NOT NULL,
            PRIMARY KEY (person_id, name)
        ) WITHOUT ROWID""")
    database.execute("""
        CREATE TABLE bases (
            id INTEGER PRIMARY KEY,
            person_id INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE,
            kind TEXT NOT NULL, version TEXT NOT NULL, text TEXT NOT NULL, given_at TEXT NOT NULL,
            operator TEXT NOT NULL, withdrawn_at TEXT, withdrawn_by TEXT
        )""")
    database.execute("CREATE INDEX bases_by_person ON bases (person_id)")
    for table in ("people", "badges"):
        database.execute(f"ALTER TABLE {table} ADD COLUMN valid_from TEXT")
        database.execute(f"ALTER TABLE {table} ADD COLUMN valid_until TEXT")
    for table in ("badges", "revoked_badges"):
        database.execute(f"ALTER TABLE {table} ADD COLUMN generation INTEGER NOT NULL DEFAULT 1")
    for table in ("people", "badges", "revoked_badges", "face_references", "bases", "rule_sets"):
        count_changes(database, table)
    count_parts(database, "memberships", "INSERT", "DELETE")
    count_parts(database, "pins", "INSERT", "UPDATE", "DELETE")


@MIGRATIONS(name="0013-references-under-the-vault")
def _sealed_references(database: Database) -> None:
    """`embedding` is sealed where there is a generation. Those from before are sealed right after (`plain.py`), as
    that takes a key; the index finds them without reading the others.
    """
    database.execute("CREATE TABLE vault (one INTEGER PRIMARY KEY CHECK (one = 1), store BLOB NOT NULL)")
    database.execute("ALTER TABLE face_references ADD COLUMN generation INTEGER")
    database.execute("CREATE INDEX plain_references ON face_references (id) WHERE generation IS NULL")


@MIGRATIONS(name="0014-the-audit-is-a-chain")
def _chain(database: Database) -> None:
    """Rows from before are chained too, and say from then on what they were at this moment."""
    begin_chain(database)


@MIGRATIONS(name="0015-what-was-taken-wins-over-every-restore")
def _withdrawn(database: Database) -> None:
    schema_of_withdrawals(database)


@MIGRATIONS(name="0016-alarms-are-open-until-acknowledged")
def _alarms(database: Database) -> None:
    """Only what happens from now on opens one."""
    begin_alarms(database)


@MIGRATIONS(name="0017-when-people-were-last-let-in")
def _visits(database: Database) -> None:
    """Beyond the audit's rows; `visits_read` is the row up to which they were taken from it."""
    database.execute("""
        CREATE TABLE visits (
            person_id INTEGER PRIMARY KEY REFERENCES people(id) ON DELETE CASCADE, at TEXT NOT NULL
        )""")
    database.execute("CREATE TABLE visits_read (row INTEGER NOT NULL)")
    database.execute("INSERT INTO visits_read VALUES (0)")


@MIGRATIONS(name="0018-commands-from-the-network")
def _remote(database: Database) -> None:
    """Until an admin lets a client in, there is none."""
    schema_of_remote(database)


@MIGRATIONS(name="0019-references-by-invitation")
def _invitations(database: Database) -> None:
    """References from before are an operator's."""
    database.execute("ALTER TABLE face_references ADD COLUMN invited INTEGER NOT NULL DEFAULT 0")
    database.execute("""
        CREATE TABLE invitations (
            person_id INTEGER PRIMARY KEY REFERENCES people(id) ON DELETE CASCADE,
            given_at TEXT NOT NULL, ends_at TEXT NOT NULL, by TEXT NOT NULL
        )""")


@MIGRATIONS(name="0020-people-who-look-alike-type-a-pin")
def _pin_demanded(database: Database) -> None:
    database.execute("ALTER TABLE people ADD COLUMN pin_demanded INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0021-commands-that-wait-for-a-second-person")
def _confirmations(database: Database) -> None:
    """Nothing waits yet."""
    schema_of_confirmations(database)


@MIGRATIONS(name="0022-which-process-waits-for-a-second-person")
def _waiting_process(database: Database) -> None:
    """What waited before has ended with the service that was replaced."""
    database.execute("DELETE FROM confirmations")
    database.execute("ALTER TABLE confirmations ADD COLUMN process INTEGER NOT NULL DEFAULT 0")
