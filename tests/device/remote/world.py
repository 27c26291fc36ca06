"""A house whose clock can be set, with one client that signs and one user with a code."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.errors import LintelError
from device.policy.clock_state import ClockReading
from device.records.remote import RemoteCommand, RemoteKind
from device.records.rulings import ClockState
from device.remote.desk import Coded, RemoteDesk, RemoteRefused
from device.remote.office import RemoteOffice, Wanted
from device.remote.tokens import Claims, key_text, signed
from device.settings.remote import RemoteSettings
from device.store.pins import Cost
from device.store.store import Store

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
QUICK = Cost(memory_kib=8, passes=1)
ALL = frozenset(RemoteCommand)
LOCK = frozenset({RemoteCommand.RELEASE, RemoteCommand.SECURE})
ALLOWED = RemoteSettings(signed=True, home_assistant="code")


class SetClock:
    """`Clock` whose time of day is set apart from the time that passes."""

    def __init__(self) -> None:
        self.now = START
        self.passed_s = 1000.0

    def monotonic(self) -> float:
        return self.passed_s

    def utc(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.passed_s += seconds
        self.now += timedelta(seconds=seconds)

    def wait(self, _wakeup: object, timeout_s: float) -> bool:
        self.sleep(timeout_s)
        return False


class House:
    """The desk of a house, and who may ask it."""

    def __init__(self, folder: Path, settings: RemoteSettings = ALLOWED, clock: SetClock | None = None) -> None:
        self.clock = clock or SetClock()
        self.settings = settings
        self.state = ClockState.TRUSTED
        self.store = Store(folder)
        self.office = RemoteOffice(self.store, self.clock, ("main", "yard"), QUICK)
        self.key = Ed25519PrivateKey.generate()
        self.kid = self.office.add_key(Wanted("gate", ALL), key_text(self.key.public_key())).uid
        self.desk = self.new_desk()
        self.clock.sleep(100)
        self.made = 0

    def new_desk(self) -> RemoteDesk:
        """That of a service that starts now."""
        return RemoteDesk(self.store, self.reading, self.clock, self.settings, QUICK)

    def reading(self) -> ClockReading:
        return ClockReading(self.state, self.clock.utc())

    def restart(self) -> None:
        self.desk.close()
        self.desk = self.new_desk()

    def claims(self, **changed: object) -> Claims:
        """A fresh release of the main door."""
        self.made += 1
        at = self.clock.utc().timestamp()
        plain = Claims(RemoteCommand.RELEASE, "main", at, at + 30, f"nonce-{self.made:012}")
        return msgspec.structs.replace(plain, **changed)

    def token(self, **changed: object) -> str:
        return signed(self.claims(**changed), kid=self.kid, key=self.key)

    def send(self, token: str) -> str:
        """What became of a token: `release main`, or the word of the refusal."""
        try:
            order = self.desk.signed(token)
        except RemoteRefused as refused:
            return str(refused.why)
        return f"{order.command} {order.door}"

    def give_code(self, name: str = "anna") -> str:
        return self.office.add_code(Wanted(name, LOCK)).code

    def type_code(self, code: str, **changed: object) -> str:
        asked = Coded(RemoteCommand.RELEASE, "main", self.clock.utc().timestamp(), code)
        try:
            order = self.desk.coded(replace(asked, **changed))  # type: ignore[arg-type]
        except RemoteRefused as refused:
            return str(refused.why)
        return f"{order.command} {order.door} by {order.by}"

    def rows(self) -> list[str]:
        """`event: words` of the whole audit."""
        with self.store.audit() as audit:
            return [f"{row.event}: {row.fault}" for row in audit]

    def failed(self) -> int:
        return self.office.listed(RemoteKind.CODE)[0].failed

    def close(self) -> None:
        self.desk.close()
        self.store.close()


def why_not(act: object) -> str:
    """The message of what an office refuses."""
    assert callable(act)
    try:
        act()
    except LintelError as error:
        return error.message
    return ""
