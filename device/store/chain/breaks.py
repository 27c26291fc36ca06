"""Breaks of the chain that a named operator has acknowledged: known ones are no trouble, and `verify` still names them.

An acknowledgement is a row of the audit like any other, with the position and the SHA-256 of what is there now: rows
that are changed again are another break.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from device.records import Event
from device.store.chain.findings import Finding, rows_words
from device.store.chain.links import COLUMNS
from device.store.session import Row, Session

MOST = 200
"""Breaks that are acknowledged one by one; of more a cut is the better end."""
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_WITHIN = f"SELECT {_NAMES} FROM audit WHERE id > ? AND id <= ? ORDER BY id LIMIT 500"  # noqa: S608 - constants
_SAID = "SELECT fault FROM audit WHERE event = ?"
_SHA256 = re.compile(r" ([0-9a-f]{64}): ")


def words_of(session: Session, finding: Finding, why: str) -> str:
    """The text of the row that acknowledges a break."""
    return f"{finding.flaw}, {rows_words(finding.first, finding.last)}, sha256 {_digest(session, finding)}: {why}"


def unacknowledged(session: Session, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that no row of the audit acknowledges as they are now."""
    rows = session.rows(_SAID, [Event.AUDIT_BREAK_ACKNOWLEDGED.value], can_change=False)
    known = {found[1] for row in rows if (found := _SHA256.search(row["fault"] or ""))}
    return tuple(one for one in findings if not known or _digest(session, one) not in known)


def _digest(session: Session, finding: Finding) -> str:
    """Of the kind and place of a break, and of all that the database has there."""
    said = hashlib.sha256(f"{finding.flaw} {finding.first} {finding.last}".encode())
    after = finding.first - 1
    while rows := _rows(session, after, finding.last):
        for row in rows:
            said.update(repr([row[name] for name in COLUMNS]).encode())
        after = rows[-1]["id"]
    return said.hexdigest()


def _rows(session: Session, after: int, last: int) -> Sequence[Row]:
    return session.raw_rows(_WITHIN, [after, last]) if after < last else ()
