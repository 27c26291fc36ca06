"""Cuts the oldest rows off a chain; a signed mark says what was removed, so that the rest verifies."""

import hashlib
from dataclasses import dataclass

from device.store.chain.canonical import as_bytes
from device.store.chain.heads import Chain, end_of, keep_mark, now
from device.store.chain.marks import Kind, Mark
from device.store.session import Session

MOST_ROWS = 5000
"""Removed at once: doors wait for that long at most."""
_LAST_KEPT = "SELECT min(id) - 1 AS last FROM audit WHERE at >= ?"
_OLDEST = "SELECT id, hash, at FROM audit ORDER BY id LIMIT ?"


@dataclass(frozen=True, slots=True)
class Cut:
    """What was removed: rows from `first` to `last`, their times from `begins` to `ends`, SHA-256 over their hashes."""

    first: int
    last: int
    count: int
    begins: str
    ends: str
    sha256: str

    @property
    def words(self) -> str:
        """The same in a line."""
        return f"rows {self.first} to {self.last}, {self.count} rows of {self.begins} to {self.ends}, {self.sha256}"


def last_before(session: Session, before: str) -> int:
    """The number of the last row that may be cut: it and all rows before it are older, and it isn't the newest."""
    (found,) = session.rows(_LAST_KEPT, [before], can_change=False)
    newest = end_of(session).row
    return min(newest - 1, newest if found["last"] is None else int(found["last"]))


def cut(session: Session, chain: Chain, last: int) -> Cut | None:
    """Removes the oldest rows up to that number, at most `MOST_ROWS`; None if there are none."""
    session.lock()
    rows = [row for row in session.raw_rows(_OLDEST, [MOST_ROWS]) if row["id"] <= last]
    if not rows:
        return None
    digest = hashlib.sha256(b"".join(as_bytes(row["hash"]) for row in rows)).hexdigest()
    done = Cut(rows[0]["id"], rows[-1]["id"], len(rows), str(rows[0]["at"]), str(rows[-1]["at"]), digest)
    mark = Mark(Kind.CUT, done.last, as_bytes(rows[-1]["hash"]), now(), chain.boot, done.words)
    keep_mark(session, chain, mark, end_of(session).chain)
    session.execute("DELETE FROM audit WHERE id <= ?", [done.last])
    session.execute("DELETE FROM audit_marks WHERE row < ?", [done.last])
    session.execute("DELETE FROM stamps WHERE id NOT IN (SELECT stamp FROM audit WHERE stamp IS NOT NULL)")
    return done
