"""Adds a row with its link: the hash of the row before it and its own, in the transaction that writes the row."""

import os
from collections.abc import Mapping
from dataclasses import astuple, replace
from functools import partial
from typing import Any

from device.records import Event
from device.store.chain.canonical import (
    FORM,
    NOTHING,
    PERSONAL,
    PUBLIC,
    SALT_BYTES,
    STAMP,
    genesis,
    is_personal,
    row_hash,
    stamp_hash,
    stamp_number,
)
from device.store.chain.heads import Chain, End, end_of, keep_mark, now, remember, sign_head
from device.store.chain.marks import Kind, Mark
from device.store.session import Session

COLUMNS = (*PUBLIC, *PERSONAL, "stamp", "form", "previous", "salt", "hash")
"""All columns of a row."""
_INSERT = (
    f"INSERT INTO audit ({', '.join(f'{chr(34)}{name}{chr(34)}' for name in COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join('?' for _ in COLUMNS)})"
)
_STAMP = f"INSERT OR IGNORE INTO stamps (id, {', '.join(STAMP)}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants


class Links:
    """The links of one transaction."""

    def __init__(self, session: Session, chain: Chain) -> None:
        self._session = session
        self._chain = chain

    def add(self, columns: Mapping[str, Any]) -> int:
        """Adds a row of these columns, the rest is NULL, and returns its number.

        A chain that something else has changed since it was signed is not continued silently: another row says what.
        """
        self._session.lock()
        end = end_of(self._session)
        if self._session.has_at_commit:  # the head is signed at the end, for all rows of the transaction
            return self._insert(end, columns)
        if broken := self._broken(end):
            self.add_broken(broken, end.head)
            end = end_of(self._session)
        return self._insert(end, columns)

    def add_broken(self, what: str, signed: Mark | None) -> int:
        """Adds the row that says how the chain was broken, behind all rows that the mark knew that was `signed`."""
        self._session.lock()
        if signed:
            remember(self._session, signed)
        columns = {"at": now(), "event": Event.AUDIT_BROKEN.value, "fault": what}
        return self._insert(end_of(self._session), columns, signed.row if signed else 0)

    def add_restored(self, columns: Mapping[str, Any], known: int) -> int:
        """Adds the row with which a restored copy goes on, behind all rows that were `known` to have been written after
        it: their numbers are not given again, and a signed mark says that they are not here.
        """
        self._session.lock()
        end = end_of(self._session)
        number = self._insert(end, columns, known)
        if number > end.row + 1:
            mark = Mark(Kind.GAP, number - 1, end.hash or NOTHING, now(), self._chain.boot, str(end.row))
            keep_mark(self._session, self._chain, mark, end.chain)
        return number

    def _insert(self, end: End, columns: Mapping[str, Any], beyond: int = 0) -> int:
        number = max(end.row, end.head.row, beyond) + 1
        previous = (end.hash or NOTHING) if end.row else genesis(end.chain)
        row: dict[str, Any] = (
            dict.fromkeys(COLUMNS) | dict(columns) | {"id": number, "form": FORM, "previous": previous}
        )
        digest = self._stamped(row)
        if is_personal(row):
            row["salt"] = os.urandom(SALT_BYTES)
        row["hash"] = row_hash(row, previous, digest)
        self._session.execute(_INSERT, [row[name] for name in COLUMNS])
        self._session.at_commit(partial(sign_head, self._session, self._chain))
        return number

    def _stamped(self, row: dict[str, Any]) -> bytes:
        """Gives the row its stamp and the time since the boot, and returns the stamp's hash."""
        if self._chain.stamp is None:
            return NOTHING
        stamp = self._chain.stamp()
        if self._chain.clock is not None:
            stamp = replace(stamp, clock=self._chain.clock())
        rules = self._session.rows("SELECT sha256 FROM rule_sets ORDER BY version DESC LIMIT 1", can_change=False)
        if rules:
            stamp = replace(stamp, rules=rules[0]["sha256"])
        values = dict(zip(STAMP, (str(value or "") for value in astuple(stamp)), strict=True))
        digest = stamp_hash(values)
        row["stamp"], row["monotonic_s"] = stamp_number(digest), float(self._chain.monotonic())
        self._session.execute(_STAMP, [row["stamp"], *values.values()])
        return digest

    def _broken(self, end: End) -> str:
        """What does not agree with the signed head, "" if all does."""
        head = end.head
        if head.row > end.row:
            return f"the rows {end.row + 1} to {head.row} are missing: something else than Lintel has removed them"
        if head.row < end.row:
            return f"the rows {head.row + 1} to {end.row} were added by something else than Lintel"
        if end.row and head.hash != end.hash:
            return f"row {end.row} was changed by something else than Lintel"
        if (head.row, head.hash) == self._chain.signed or not (head.signature or self._chain.was_signed):
            return ""
        keys = self._chain.signer.keys()
        is_ours = not keys or head.is_signed_by(keys, end.chain)
        return "" if is_ours else f"the last row, {head.row}, is not signed with this door's key"
