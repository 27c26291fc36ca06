"""The chain's signed head, which each commit moves on, and the checkpoints that it leaves behind."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from device.clock import SystemClock
from device.records import ClockState, Stamp
from device.store.chain import witness
from device.store.chain.canonical import as_bytes
from device.store.chain.marks import Kind, Mark
from device.store.chain.signing import Signer
from device.store.session import Session

CHECKPOINT_ROWS = 1000
"""After this many rows, or after `CHECKPOINT_S`, the next commit leaves a checkpoint."""
CHECKPOINT_S = 3600.0
_MARK = "INSERT OR REPLACE INTO audit_marks (row, kind, hash, at, boot, detail, signature) VALUES (?, ?, ?, ?, ?, ?, ?)"
_MOVE_HEAD = "UPDATE audit_head SET row = ?, hash = ?, at = ?, boot = ?, signature = ?, witnessed = ?"
_NEW_HEAD = "INSERT INTO audit_head (chain, row, hash, at, boot, signature, witnessed) VALUES (?, ?, ?, ?, ?, ?, ?)"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """The machine's boot, "" where it has no such thing."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text(encoding="utf-8").strip()
    return ""


@dataclass(slots=True)
class Chain:
    """What all rows that this process writes have in common."""

    folder: Path | None = None
    """Of the keys and the witness; None for a database in memory, whose chain no one else ever sees."""
    signer: Signer = field(init=False)
    stamp: Callable[[], Stamp] | None = None
    """Asked for at each row."""
    clock: Callable[[], ClockState] | None = None
    """How far the time of day can be relied upon, likewise; without it the stamp's counts."""
    monotonic: Callable[[], float] = time.monotonic
    boot: str = field(default_factory=boot_id)
    signed: tuple[int, bytes] | None = None
    """Row and hash of the head that this process signed last: that one need not be verified."""
    checkpoint_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.signer = Signer(self.folder)

    @property
    def was_signed(self) -> bool:
        """Whether some head of this chain is known to have been signed."""
        return self.signed is not None or self.has_witness

    @property
    def has_witness(self) -> bool:
        """Whether there is a witness beside the keys."""
        return self.folder is not None and witness.exists(self.folder)


@dataclass(frozen=True, slots=True)
class End:
    """The end of a chain as the database has it: its name, the signed head, and the last row."""

    chain: bytes
    head: Mark
    row: int
    """0 without any row."""
    hash: bytes | None
    was_witnessed: bool
    """Whether there was a witness at some commit."""


def end_of(session: Session) -> End:
    """Reads it, whatever something else has made of it; a head that is gone is that of an empty chain."""
    heads = session.raw_rows("SELECT chain, row, hash, at, boot, signature, witnessed FROM audit_head LIMIT 1")
    found = heads[0] if heads else dict.fromkeys(("chain", "row", "hash", "at", "boot", "signature", "witnessed"))
    last = session.raw_rows("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    number, digest = (last[0]["id"], as_bytes(last[0]["hash"])) if last else (0, None)
    head = Mark(
        Kind.HEAD,
        found["row"] if isinstance(found["row"], int) else 0,
        as_bytes(found["hash"]),
        str(found["at"] or ""),
        str(found["boot"] or ""),
        signature=found["signature"] if isinstance(found["signature"], bytes) else None,
    )
    return End(as_bytes(found["chain"]), head, number, digest, bool(found["witnessed"]))


def sign_head(session: Session, chain: Chain) -> None:
    """Signs the last row, and leaves a checkpoint if one is due. In the transaction that wrote the row."""
    end = end_of(session)
    if end.hash is None:
        return
    at = now()
    if not end.head.at and end.head.row:
        keep_mark(session, chain, Mark(Kind.ADOPTED, end.head.row, end.head.hash, at, chain.boot), end.chain)
    head = Mark(Kind.HEAD, end.row, end.hash, at, chain.boot)
    signature = chain.signer.sign(head.message(end.chain))
    witnessed = int(end.was_witnessed or chain.has_witness)
    values = [end.chain, head.row, head.hash, head.at, head.boot, signature, witnessed]
    if session.execute(_MOVE_HEAD, values[1:]).rowcount == 0:
        session.execute(_NEW_HEAD, values)
    chain.signed = (head.row, head.hash)
    if _is_due(session, chain, head.row):
        keep_mark(session, chain, Mark(Kind.CHECKPOINT, head.row, head.hash, at, chain.boot), end.chain)
        chain.checkpoint_at = time.monotonic()


def keep_mark(session: Session, chain: Chain, mark: Mark, name: bytes) -> None:
    """Signs a mark along the chain of that name, and keeps it."""
    remember(session, replace(mark, signature=chain.signer.sign(mark.message(name))))


def remember(session: Session, mark: Mark) -> None:
    """Keeps a mark as it is: what was once signed shows for ever that the rows were others then."""
    values = [mark.row, mark.kind.value, mark.hash, mark.at, mark.boot, mark.detail, mark.signature]
    session.execute(_MARK, values)


def _is_due(session: Session, chain: Chain, number: int) -> bool:
    (found,) = session.rows("SELECT max(row) AS row FROM audit_marks", can_change=False)
    waited_s = time.monotonic() - chain.checkpoint_at
    return number - (found["row"] or 0) >= CHECKPOINT_ROWS or waited_s >= CHECKPOINT_S


def now() -> str:
    """The time as rows and marks have it, ISO 8601 in UTC."""
    return SystemClock().utc().isoformat()
