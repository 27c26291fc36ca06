"""Judges commands from the network, where the doors are: what carries them here may be anyone's by now.

Each is verified, found fresh and used up, in that order, and only then an order. What is refused is counted, and
written down at most once a minute.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from device.errors import DoorError, LintelError
from device.policy.clock_state import ClockReading
from device.policy.freshness import CODE_LIFE_S, LIFE_S, DoorTime, Issued, staleness
from device.ports import Clock
from device.records import AuditRow, Event
from device.records.remote import (
    CODED,
    REFUSAL_MEANINGS,
    RemoteClient,
    RemoteCommand,
    RemoteKind,
    RemoteOrder,
    RemoteRefusal,
)
from device.remote.codes import is_code, split
from device.remote.limits import Rates, Refusals
from device.remote.tokens import NotAToken, parsed
from device.settings.remote import RemoteSettings
from device.store.pins import USUAL, Cost
from device.store.remote import MOST_FAILED
from device.store.store import Store

BUTTON = "Home Assistant (button, no code)"


class RemoteRefused(DoorError):
    """A command from the network that was not done."""

    def __init__(self, why: RemoteRefusal) -> None:
        super().__init__(
            f"The command is refused ({why}): {REFUSAL_MEANINGS[why]}.",
            hint="docs/remote-commands.md says what counts.",
        )
        self.why = why


@dataclass(frozen=True, slots=True)
class Coded:
    """A command with a code, as Home Assistant sends it; "" is its button, which has none."""

    command: RemoteCommand
    door: str
    at: float
    code: str = field(default="", repr=False)


class RemoteDesk:
    """Gives orders for what is verified. Raises `RemoteRefused`, and `LintelError` where the store can't say.

    One thread at a time.
    """

    def __init__(
        self,
        store: Store,
        reading: Callable[[], ClockReading],
        clock: Clock,
        settings: RemoteSettings,
        cost: Cost = USUAL,
    ) -> None:
        """`reading` is the door's clock with its state."""
        self._store = store
        self._reading = reading
        self._clock = clock
        self._settings = settings
        self._cost = cost
        self._began = clock.monotonic()
        self._rates = Rates(self._began)
        self._refusals = Refusals()
        self._button_at = 0.0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def signed(self, text: str) -> RemoteOrder:
        """The order that a token is."""
        if not self._settings.signed:
            raise self._refused(RemoteRefusal.OFF)
        try:
            token = parsed(text)
        except NotAToken:
            raise self._refused(RemoteRefusal.FORM) from None
        with self._store.remote() as clients:
            client = clients.known(token.kid)
        if client is None or client.kind is not RemoteKind.KEY:
            raise self._refused(RemoteRefusal.UNKNOWN)
        if not token.is_by(client.secret):
            raise self._refused(RemoteRefusal.SIGNATURE, client)
        claims = token.claims
        self._refuse_stale(Issued(claims.iat, claims.exp), LIFE_S, client)
        self._refuse_without_right(client, claims.cmd, claims.door)
        with self._store.writing(), self._store.remote() as clients:
            is_new = clients.use(client, claims.issued_us, claims.jti)
        return self._order(client, claims.cmd, claims.door, is_new=is_new)

    def coded(self, asked: Coded) -> RemoteOrder:
        """The order that a command with a code is."""
        if self._settings.home_assistant == "off":
            raise self._refused(RemoteRefusal.OFF)
        if not asked.code:
            return self._pressed(asked)
        parts = split(asked.code)
        if parts is None:
            raise self._refused(RemoteRefusal.FORM)
        number, digits = parts
        with self._store.remote() as clients:
            client = clients.of_number(number)
        if client is None:
            raise self._refused(RemoteRefusal.UNKNOWN)
        if client.failed >= MOST_FAILED:
            raise self._refused(RemoteRefusal.LOCKED, client)
        self._refuse_stale(Issued(asked.at, asked.at + CODE_LIFE_S), CODE_LIFE_S, client)
        self._refuse_wrong_code(client, digits)
        self._refuse_without_right(client, asked.command, asked.door)
        with self._store.writing(), self._store.remote() as clients:
            is_new = clients.use_all_before(client, int(asked.at * 1_000_000))
        return self._order(client, asked.command, asked.door, is_new=is_new)

    def close(self) -> None:
        """Writes down what was refused and has no row yet."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            words = self._refusals.due(self._clock.monotonic(), at_once=True)
        self._write(words)

    def _pressed(self, asked: Coded) -> RemoteOrder:
        """Nothing says who it was: only the broker's rights and the settings stand before it."""
        if self._settings.home_assistant != "button":
            raise self._refused(RemoteRefusal.OFF)
        if asked.command is not RemoteCommand.RELEASE:
            raise self._refused(RemoteRefusal.RIGHTS)
        self._refuse_stale(Issued(asked.at, asked.at + CODE_LIFE_S), CODE_LIFE_S)
        if asked.at <= self._button_at:
            raise self._refused(RemoteRefusal.REPLAYED)
        self._button_at = asked.at
        if not self._rates.take("", self._clock.monotonic()):
            raise self._refused(RemoteRefusal.RATE)
        return RemoteOrder(asked.command, asked.door, BUTTON)

    def _order(self, client: RemoteClient, command: RemoteCommand, door: str, *, is_new: bool) -> RemoteOrder:
        """What is used up and within the rate."""
        if not is_new:
            raise self._refused(RemoteRefusal.REPLAYED, client)
        if not self._rates.take(client.uid, self._clock.monotonic()):
            raise self._refused(RemoteRefusal.RATE, client)
        return RemoteOrder(command, door, client.words)

    def _refuse_stale(self, issued: Issued, life_s: float, client: RemoteClient | None = None) -> None:
        reading = self._reading()
        door = DoorTime(reading.state, reading.now.timestamp(), self._clock.monotonic() - self._began)
        if why := staleness(issued, door, life_s):
            raise self._refused(why, client)

    def _refuse_without_right(self, client: RemoteClient, command: RemoteCommand, door: str) -> None:
        may_at_all = command in CODED or client.kind is RemoteKind.KEY
        if not may_at_all or not client.may(command, door):
            raise self._refused(RemoteRefusal.RIGHTS, client)

    def _refuse_wrong_code(self, client: RemoteClient, digits: str) -> None:
        """A try counts before it is judged, so that no kill makes one free."""
        with self._store.writing(), self._store.remote() as clients:
            secret = clients.code_secret()
            clients.count_failed(client, client.failed + 1)
        is_right = is_code(digits, client.secret, secret, self._cost)
        if not is_right and client.failed + 1 >= MOST_FAILED:
            with self._store.audit() as audit:
                audit.add(AuditRow(0, self._clock.utc(), Event.REMOTE_CODE_LOCKED, fault=client.words))
        if not is_right:
            raise self._refused(RemoteRefusal.CODE, client)
        with self._store.writing(), self._store.remote() as clients:
            if now := clients.known(client.uid):
                clients.count_failed(now, 0)

    def _refused(self, why: RemoteRefusal, client: RemoteClient | None = None) -> RemoteRefused:
        """The error, with a row if one is due."""
        with self._lock:
            words = self._refusals.add(why, client.words if client else "", self._clock.monotonic())
            if not words and self._timer is None:
                self._await_row()
        self._write(words)
        return RemoteRefused(why)

    def _await_row(self) -> None:
        """Has what was counted written down once its row is due. Under the lock."""
        self._timer = threading.Timer(self._refusals.left_s(self._clock.monotonic()), self._flush)
        self._timer.daemon = True
        self._timer.start()

    def _flush(self) -> None:
        with self._lock:
            words, self._timer = self._refusals.due(self._clock.monotonic()), None
            if self._refusals.is_pending:
                self._await_row()
        self._write(words)

    def _write(self, words: str) -> None:
        """A store that takes no row keeps no refusal from being one."""
        if words:
            with suppress(LintelError), self._store.audit() as audit:
                audit.add(AuditRow(0, self._clock.utc(), Event.REMOTE_REFUSED, fault=words))
