"""Verifies a chain: each row that was changed, removed, added or moved is found and named. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.records import Event
from device.store.chain.canonical import (
    COMMITMENT_BYTES,
    NOTHING,
    SALT_BYTES,
    as_bytes,
    erasure_message,
    genesis,
    row_hash,
    stamp_hash,
    stamp_number,
)
from device.store.chain.findings import MOST, Finding, Flaw, Verdict, rows_words
from device.store.chain.marks import Kind, Mark, is_signed

Row = Mapping[str, Any]
BROKEN = Event.AUDIT_BROKEN.value
KEPT_CHANGED = 40
"""Changed rows that are compared with each other at the end: were they exchanged?"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a chain beside its rows."""

    chain: bytes
    head: Mark
    marks: tuple[Mark, ...]
    stamps: Mapping[int, Row]
    witness: Mark | None = None
    """The head as the witness beside the keys has it."""
    witnessed_chain: bytes | None = None


@dataclass(slots=True)
class Verifier:
    """Takes rows in the order of their numbers, and says in the end what is wrong. Keys are those that are trusted."""

    facts: Facts
    keys: Sequence[Ed25519PublicKey]
    start: Mark | None = None
    """The checkpoint to begin behind; without, the last cut or the beginning."""
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    _taken: int | None = None
    _more: int = 0
    _erased: int = 0
    _first: int = 0
    _last: int = 0
    _hash: bytes = b""
    _is_hash_doubted: bool = False
    _agreeing: int = 0
    _changed: list[Row] = field(default_factory=list)
    _marks: dict[int, list[Mark]] = field(default_factory=dict)
    _stamps: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for mark in self.facts.marks:
            self._marks.setdefault(mark.row, []).append(mark)
        self._stamps = {number: _stamp(number, values) for number, values in self.facts.stamps.items()}
        self._begin(self.start or self._last_cut())

    def take(self, rows: Iterable[Row]) -> None:
        """The next rows."""
        for row in rows:
            self._take(row)

    def learn(self, facts: Facts) -> bool:
        """What has changed beside the rows meanwhile; whether the rows that were taken still count."""
        begun_at = self._last_cut()
        self.facts = facts
        for mark in facts.marks:
            if mark.row > self._last:
                known = self._marks.setdefault(mark.row, [])
                known += [] if mark in known else [mark]
        self._stamps |= {number: _stamp(number, values) for number, values in facts.stamps.items()}
        return self._last_cut() == begun_at

    def verdict(self) -> Verdict:
        """After the last row."""
        self._check_end()
        self._check_witness()
        self._name_exchanged()
        findings = tuple(sorted(self.findings, key=lambda finding: (finding.first, finding.last)))
        return Verdict(self.rows, self._erased, self._first, self._last, self._agreeing, findings, self._more)

    @property
    def after(self) -> int:
        """The number behind which the next rows are wanted; without a start also those that should not be there."""
        return self._taken if self._taken is not None else self.start.row if self.start else -(2**63)

    def _last_cut(self) -> Mark | None:
        return max((mark for mark in self.facts.marks if mark.kind is Kind.CUT), key=lambda cut: cut.row, default=None)

    def _begin(self, start: Mark | None) -> None:
        self._last, self._hash = (start.row, start.hash) if start else (0, genesis(self.facts.chain))
        if start:
            self._check_signature(start)

    def _take(self, row: Row) -> None:
        number = row["id"]
        self.rows, self._taken = self.rows + 1, number
        self._first = self._first or number
        if number <= self._last:
            self._find(Flaw.ADDED, number, number, "were added, or should have been removed by a cut")
            return
        self._check_gap(number)
        digest = self._own_hash(row)
        is_changed = digest is None or digest != row["hash"]
        if is_changed:
            self._name_changed(row)
        elif row["previous"] != self._hash and not self._is_hash_doubted:
            words = "were changed and hashed again: the row after it still has the hash from before"
            self._find(Flaw.CHANGED, self._last, self._last, words)
        self._hash, self._last, self._is_hash_doubted = as_bytes(row["hash"]), number, is_changed
        self._check_erasure(row)
        if row["event"] == BROKEN:
            self._keep(Finding(Flaw.NOTED, number, number, f"row {number} says: {row['fault']}"))
        for mark in self._marks.get(number, ()):
            self._check_mark(mark)

    def _own_hash(self, row: Row) -> bytes | None:
        stamp = self._stamps.get(row["stamp"]) if row["stamp"] is not None else NOTHING
        previous = row["previous"]
        if stamp is None or not isinstance(previous, bytes):
            return None
        try:
            return row_hash(row, previous, stamp)
        except (TypeError, UnicodeEncodeError):
            return None

    def _check_gap(self, number: int) -> None:
        before = self._last
        if number == before + 1:
            return
        gaps = [
            mark for mark in self._marks.get(number - 1, ()) if mark.kind is Kind.GAP and mark.detail == str(before)
        ]
        if any(mark.is_signed_by(self.keys, self.facts.chain) for mark in gaps):
            return
        self._find(Flaw.MISSING, before + 1, number - 1, "are missing")
        self._is_hash_doubted = True

    def _name_changed(self, row: Row) -> None:
        number = row["id"]
        if row["hash"] is None:
            self._find(Flaw.ADDED, number, number, "were not written by Lintel")
        else:
            self._find(Flaw.CHANGED, number, number, "were changed")
            if len(self._changed) < KEPT_CHANGED:
                self._changed.append(row)

    def _check_erasure(self, row: Row) -> None:
        salt = row["salt"]
        if not isinstance(salt, bytes) or len(salt) <= SALT_BYTES:
            return
        self._erased += 1
        message = erasure_message(row["id"], as_bytes(row["hash"]))
        if not is_signed(salt[COMMITMENT_BYTES:], message, self.keys):
            self._find(Flaw.EMPTIED, row["id"], row["id"], "were emptied without this door's key")

    def _check_mark(self, mark: Mark) -> None:
        if mark.kind is Kind.GAP:
            return
        if self._check_signature(mark) and mark.hash != self._hash and not self._is_hash_doubted:
            earlier = max((one for one in self._marks if one < mark.row), default=0)
            self._find(Flaw.REWRITTEN, earlier + 1, mark.row, "were changed and chained again")

    def _check_signature(self, mark: Mark) -> bool:
        if mark.is_signed_by(self.keys, self.facts.chain):
            self._agreeing += mark.kind is not Kind.HEAD
            return True
        what = {Kind.HEAD: "the last row", Kind.CUT: "the cut"}.get(mark.kind, "the checkpoint")
        how = "is not signed" if mark.signature is None else "is not signed with this door's key"
        self._keep(Finding(Flaw.UNSIGNED, mark.row, mark.row, f"{what} at row {mark.row} {how}"))
        return False

    def _check_end(self) -> None:
        head = self.facts.head
        if head.row > self._last:
            self._find(Flaw.CUT_OFF, self._last + 1, head.row, "are missing: the end was cut off")
        elif head.row < self._last:
            self._find(Flaw.ADDED, head.row + 1, self._last, "were added by something else than Lintel")
        elif head.hash != self._hash and not self._is_hash_doubted:
            self._find(Flaw.REWRITTEN, head.row, head.row, "were changed and hashed again")
        if head.row:
            self._check_signature(head)

    def _check_witness(self) -> None:
        """Against the file beside the keys, which an exchanged database does not change."""
        witness = self.facts.witness
        if witness is None:
            return
        if self.facts.witnessed_chain != self.facts.chain:
            words = "this is not the database that the witness beside the keys knows"
            self._keep(Finding(Flaw.ROLLED_BACK, 0, self._last, words))
        elif witness.row > self.facts.head.row:
            words = f"{rows_words(self.facts.head.row + 1, witness.row)}: the witness beside the keys has seen them"
            self._keep(Finding(Flaw.ROLLED_BACK, self.facts.head.row + 1, witness.row, words))

    def _name_exchanged(self) -> None:
        """Changed rows that hold each other's content."""
        for one, other in permutations(self._changed, 2):
            stamp = self._stamps.get(one["stamp"], NOTHING) if one["stamp"] is not None else NOTHING
            if one["hash"] == row_hash({**one, "id": other["id"]}, as_bytes(one["previous"]), stamp):
                number = one["id"]
                self.findings = [
                    known for known in self.findings if (known.flaw, known.first) != (Flaw.CHANGED, number)
                ]
                self._find(Flaw.EXCHANGED, number, number, f"hold what row {other['id']} held")

    def _find(self, flaw: Flaw, first: int, last: int, words: str) -> None:
        """`words` begin with the verb of several rows."""
        verb, _, rest = words.partition(" ")
        verb = {"were": "was", "are": "is", "hold": "holds"}[verb] if first == last else verb
        self._keep(Finding(flaw, first, last, f"{rows_words(first, last)} {verb} {rest}"))

    def _keep(self, finding: Finding) -> None:
        if len(self.findings) < MOST:
            self.findings.append(finding)
        else:
            self._more += 1


def _stamp(number: int, values: Row) -> bytes:
    """The hash of a stamp that is what its number says, and else one that fits no row."""
    digest = stamp_hash(values)
    return digest if stamp_number(digest) == number else b""
