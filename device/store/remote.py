"""Clients that may send commands over the network, and which commands of theirs were used.

Single use does not rest on a clock. Of each client the store knows the nonces that were used behind a floor, and
refuses all that was issued before it: the window of RFC 4303 (anti-replay), with the time of issue as its number. The
floor follows the newest command and never goes back, whatever a clock does.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from device.records.remote import RemoteClient, RemoteCommand, RemoteKind
from device.store.session import Row, Session
from device.store.vault.vault import Vault

WINDOW_US = 60_000_000
"""How much earlier than the newest command of a client another one may have been issued, microseconds."""
MOST_FAILED = 5
"""Wrong codes in a row, after which a code counts no more."""
PURPOSE = "remote-code"
"""Of the device's secret."""
_ALL = "SELECT uid, name, kind, number, commands, doors, made_at, secret, failed FROM remote_clients"


class RemoteClients:
    """Of one transaction. Raises plain `sqlite3.Error`, and what the vault raises."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self._session = session
        self._secret: Callable[[], bytes] = lambda: vault.secret(PURPOSE)

    def code_secret(self) -> bytes:
        """What each code is keyed with before it is hashed."""
        return self._secret()

    def all(self, kind: RemoteKind) -> tuple[RemoteClient, ...]:
        """Those of a kind, by name."""
        return tuple(map(_client, self._session.rows(f"{_ALL} WHERE kind = ? ORDER BY name", [kind.value])))

    def known(self, uid: str) -> RemoteClient | None:
        """The one of this id."""
        return self._one("uid = ?", uid)

    def of_number(self, number: int) -> RemoteClient | None:
        """The one whose code begins with this number."""
        return self._one("kind = 'code' AND number = ?", number)

    def named(self, kind: RemoteKind, name: str) -> RemoteClient | None:
        """The one of this name."""
        return self._one("kind = ? AND name = ?", kind.value, name)

    def add(self, client: RemoteClient) -> None:
        """Lets a client in from now on."""
        self._session.execute(
            "INSERT INTO remote_clients (uid, name, kind, number, commands, doors, made_at, secret) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                client.uid,
                client.name,
                client.kind.value,
                client.number,
                " ".join(sorted(client.commands)),
                " ".join(client.doors),
                client.made_at.isoformat(),
                client.secret,
            ],
        )

    def remove(self, client: RemoteClient) -> None:
        """Lets a client in no more; a trigger writes it on the list that wins over every restore."""
        self._session.execute("DELETE FROM remote_clients WHERE uid = ?", [client.uid])

    def use(self, client: RemoteClient, issued_us: int, nonce: str) -> bool:
        """Uses a command up; whether it was not used before. Committed with the transaction, before it is done."""
        self._session.lock()
        floor = self._floor(client)
        seen = "SELECT 1 FROM remote_used WHERE uid = ? AND nonce = ?"
        if issued_us <= floor or self._session.rows(seen, [client.uid, nonce]):
            return False
        self._session.execute(
            "INSERT INTO remote_used (uid, nonce, issued_us) VALUES (?, ?, ?)", [client.uid, nonce, issued_us]
        )
        self._raise_floor(client, max(floor, issued_us - WINDOW_US))
        return True

    def use_all_before(self, client: RemoteClient, issued_us: int) -> bool:
        """The same where there is no nonce: what is as old as the newest one is used up with it."""
        self._session.lock()
        if issued_us <= self._floor(client):
            return False
        self._raise_floor(client, issued_us)
        return True

    def count_failed(self, client: RemoteClient, failed: int) -> None:
        """Keeps how many codes were wrong in a row."""
        if failed != client.failed:
            self._session.execute("UPDATE remote_clients SET failed = ? WHERE uid = ?", [failed, client.uid])

    def _floor(self, client: RemoteClient) -> int:
        rows = self._session.rows("SELECT floor_us FROM remote_clients WHERE uid = ?", [client.uid])
        return int(rows[0]["floor_us"]) if rows else 1 << 62

    def _raise_floor(self, client: RemoteClient, floor: int) -> None:
        self._session.execute("UPDATE remote_clients SET floor_us = ? WHERE uid = ?", [floor, client.uid])
        self._session.execute("DELETE FROM remote_used WHERE uid = ? AND issued_us <= ?", [client.uid, floor])

    def _one(self, where: str, *values: object) -> RemoteClient | None:
        rows = self._session.rows(f"{_ALL} WHERE {where}", values)
        return _client(rows[0]) if rows else None


def _client(row: Row) -> RemoteClient:
    try:
        return RemoteClient(
            uid=row["uid"],
            name=row["name"],
            kind=RemoteKind(row["kind"]),
            commands=frozenset(map(RemoteCommand, row["commands"].split())),
            doors=tuple(row["doors"].split()),
            made_at=datetime.fromisoformat(row["made_at"]),
            secret=bytes(row["secret"]),
            number=int(row["number"]),
            failed=int(row["failed"]),
        )
    except (ValueError, TypeError):
        raise sqlite3.DataError("a client of commands from the network is damaged") from None
