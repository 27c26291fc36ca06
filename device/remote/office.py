"""What an admin does about clients of the network: each change one transaction with its audit row."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.errors import DoorError
from device.ports import Clock
from device.records import AuditRow, Event
from device.records.remote import CODED, RemoteClient, RemoteCommand, RemoteKind
from device.remote.codes import drawn_code, kept
from device.remote.tokens import NotAToken, key_bytes
from device.store.pins import USUAL, Cost
from device.store.remote import RemoteClients
from device.store.store import Store

MOST_CLIENTS = 64
MOST_CODES = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new client is to be called, and may do; no doors stand for all."""

    name: str
    commands: frozenset[RemoteCommand]
    doors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code, which is shown once and nowhere kept."""

    client: RemoteClient
    code: str = field(repr=False)


class RemoteOffice:
    """Raises `DoorError` for what can't be done, `StoreError`, and `KeyMissing` for codes without the key."""

    def __init__(self, store: Store, clock: Clock, doors: Sequence[str], cost: Cost = USUAL) -> None:
        """`doors` are those of the settings."""
        self._store = store
        self._clock = clock
        self._doors = tuple(doors)
        self._cost = cost

    def listed(self, kind: RemoteKind) -> tuple[RemoteClient, ...]:
        """All clients of a kind, by name."""
        with self._store.remote() as clients:
            return clients.all(kind)

    def add_key(self, wanted: Wanted, key: str) -> RemoteClient:
        """Lets in a client whose public key this is; its id is drawn here, so that tokens count in this house alone."""
        try:
            public = key_bytes(key)
            Ed25519PublicKey.from_public_bytes(public)
        except (NotAToken, ValueError) as error:
            raise DoorError(
                f"Not a public key: {error}.", hint="Make one where the client is: `lintel link keygen FILE`."
            ) from None
        client = self._new(wanted, RemoteKind.KEY, public)
        with self._store.writing(), self._store.remote() as clients:
            if any(one.secret == public for one in clients.all(RemoteKind.KEY)):
                raise DoorError("Another client has this key.", hint="Make a key for each client.")
            self._add(clients, client, MOST_CLIENTS)
        return client

    def add_code(self, wanted: Wanted) -> NewCode:
        """Draws a code for a user of Home Assistant."""
        if not wanted.commands <= CODED:
            raise DoorError("A code can't ask for lockdown.", hint="Let a client sign it: `lintel link token add`.")
        with self._store.writing(), self._store.remote() as clients:
            secret = clients.code_secret()
        digits = drawn_code()
        made = kept(digits, secret, self._cost)
        with self._store.writing(), self._store.remote() as clients:
            taken = {one.number for one in clients.all(RemoteKind.CODE)}
            number = next((one for one in range(1, MOST_CODES) if one not in taken), 0)
            client = replace(self._new(wanted, RemoteKind.CODE, made), number=number)
            self._add(clients, client, MOST_CODES - 1)
        return NewCode(client, f"{number:02}{digits}")

    def revoke(self, kind: RemoteKind, name: str) -> RemoteClient:
        """Lets a client in no more, from the next command on, and in no copy that is restored."""
        with self._store.writing(), self._store.remote() as clients:
            client = _named(clients, kind, name)
            clients.remove(client)
            self._note(Event.REMOTE_CLIENT_REVOKED, client.words)
        return client

    def reset(self, name: str) -> RemoteClient:
        """Has a code count again after wrong ones."""
        with self._store.writing(), self._store.remote() as clients:
            client = _named(clients, RemoteKind.CODE, name)
            clients.count_failed(client, 0)
            self._note(Event.REMOTE_CODE_RESET, f"{client.words}, wrong in a row: {client.failed}")
        return client

    def _new(self, wanted: Wanted, kind: RemoteKind, secret: bytes) -> RemoteClient:
        unknown = [door for door in wanted.doors if door not in self._doors]
        if unknown:
            raise DoorError(f"There is no door {unknown[0]!r}.", hint=f"Doors: {', '.join(self._doors)}.")
        if not wanted.commands:
            raise DoorError("A client without a command can't do anything.", hint="Name one with --command.")
        uid, at = secrets.token_hex(16), self._clock.utc()
        return RemoteClient(uid, wanted.name, kind, wanted.commands, wanted.doors, at, secret)

    def _add(self, clients: RemoteClients, client: RemoteClient, most: int) -> None:
        there = clients.all(client.kind)
        if any(one.name == client.name for one in there):
            raise DoorError(f"There is a {client.words} already.", hint="Revoke it first, or take another name.")
        if len(there) >= most:
            raise DoorError(f"There are {len(there)} already, the most there can be.", hint="Revoke one.")
        clients.add(client)
        doors = ", ".join(client.doors) or "all doors"
        self._note(Event.REMOTE_CLIENT_ADDED, f"{client.words}: {', '.join(sorted(client.commands))} at {doors}")

    def _note(self, event: Event, words: str) -> None:
        with self._store.audit() as audit:
            audit.add(AuditRow(0, self._clock.utc(), event, fault=words))


def _named(clients: RemoteClients, kind: RemoteKind, name: str) -> RemoteClient:
    client = clients.named(kind, name)
    if client is None:
        there = ", ".join(one.name for one in clients.all(kind)) or "none"
        raise DoorError(f"There is no {kind} named {name!r}.", hint=f"There are: {there}.")
    return client
