"""Reads a chain out of the database to verify it, in short reads: rows are added meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.errors import StoreError
from device.store.chain import witness
from device.store.chain.findings import Verdict
from device.store.chain.heads import Chain, end_of, sign_head
from device.store.chain.links import COLUMNS
from device.store.chain.marks import Kind, Mark
from device.store.chain.verifying import Facts, Verifier
from device.store.session import Row, Session

PAGE_ROWS = 500
MOST_STARTS = 5
"""How often a verification begins again because rows were cut meanwhile."""
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_PAGE = f"SELECT {NAMES} FROM audit WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - constants
_MARKS = "SELECT row, kind, hash, at, boot, detail, signature FROM audit_marks ORDER BY row, kind"

Each = Callable[[int], None]
"""Called with the number of the last row that was verified, between reads."""


def facts_of(session: Session, chain: Chain) -> Facts:
    """What is known beside the rows. The witness counts as none if it can't be read: then its words are elsewhere."""
    end = end_of(session)
    marks = tuple(_mark(row) for row in session.raw_rows(_MARKS))
    stamps = {row["id"]: row for row in session.raw_rows("SELECT * FROM stamps")}
    facts = Facts(end.chain, end.head, marks, stamps)
    try:
        seen = witness.read(chain.folder) if chain.folder else None
    except (OSError, ValueError):
        seen = None
    return replace(facts, witness=seen.mark(), witnessed_chain=bytes.fromhex(seen.chain)) if seen else facts


def page_of(session: Session, after: int) -> list[Row]:
    """The next rows, all their columns as they are stored."""
    return session.raw_rows(_PAGE, [after, PAGE_ROWS])


def verify(
    session: Session,
    chain: Chain,
    keys: Sequence[Ed25519PublicKey] = (),
    *,
    start: int | None = None,
    each: Each = lambda _row: None,
) -> Verdict:
    """Verifies all rows, or those behind the checkpoint at row `start`; by default with this door's own key.

    Raises `StoreError` without such a checkpoint.
    """
    if session.has_at_commit:  # rows of this transaction
        sign_head(session, chain)
    for _ in range(MOST_STARTS):
        with session.snapshot():
            facts = facts_of(session, chain)
        verifier = Verifier(facts, tuple(keys) or chain.signer.keys(), _start(facts, start))
        while len(page := page_of(session, verifier.after)) == PAGE_ROWS:
            verifier.take(page)
            each(verifier.after)
        with session.snapshot():
            holds = verifier.learn(facts_of(session, chain))
            while page := page_of(session, verifier.after):
                verifier.take(page)
        if holds:
            break
    return verifier.verdict()


def last_checkpoint(session: Session) -> int | None:
    """The row of the last checkpoint or cut, None if there is none yet."""
    (found,) = session.rows("SELECT max(row) AS row FROM audit_marks WHERE kind <> 'gap'", can_change=False)
    return None if found["row"] is None else int(found["row"])


def _start(facts: Facts, number: int | None) -> Mark | None:
    if number is None:
        return None
    found = [mark for mark in facts.marks if mark.row == number and mark.kind is not Kind.GAP]
    if not found:
        rows = [str(mark.row) for mark in facts.marks if mark.kind is not Kind.GAP]
        known = f"There are checkpoints at the rows {', '.join(rows[-10:])}." if rows else "There is none yet."
        raise StoreError(f"The audit has no checkpoint at row {number}.", hint=known)
    return found[-1]


def _mark(row: Row) -> Mark:
    try:
        kind = Kind(row["kind"])
    except ValueError:
        kind = Kind.CHECKPOINT  # its signature will not fit
    digest, signature = row["hash"], row["signature"]
    return Mark(
        kind,
        int(row["row"]),
        digest if isinstance(digest, bytes) else b"",
        str(row["at"]),
        str(row["boot"]),
        str(row["detail"]),
        signature if isinstance(signature, bytes) else None,
    )
