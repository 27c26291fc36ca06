"""What each place of the device key stops, and what it does not: the one table, for `keys status` and the docs."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from device.store.vault.locks import LockKind


class KeyStore(StrEnum):
    """Where the device key is kept."""

    FILE = "file"
    CREDENTIAL = "credential"
    OTP = "otp"
    TPM = "tpm"
    PASSPHRASE = "passphrase"  # noqa: S105 - a kind


def store_of(lock: LockKind | None) -> KeyStore:
    """Of a file in our own folder."""
    return KeyStore.FILE if lock is None else KeyStore(lock.value)


NO, YES = "not stopped", "stopped"
_GUESSED = "stopped, as far as the passphrase can't be guessed"
_READ = "stopped, unless the rows were read before: root and the group video can"


@dataclass(frozen=True, slots=True)
class Stops:
    """What becomes of a thief who has it."""

    copied_folder: str
    stolen_card: str
    copied_card: str
    pi_off: str
    pi_running: str

    def lines(self) -> Iterator[str]:
        """For a person."""
        for field in fields(self):
            yield f"{THREATS[field.name]}: {getattr(self, field.name)}"


THREATS = {
    "copied_folder": "a copy of the database or the state folder",
    "stolen_card": "a stolen card",
    "copied_card": "a copied card",
    "pi_off": "the whole Pi, switched off",
    "pi_running": "the whole Pi, running",
}
STOPS = {
    KeyStore.FILE: Stops(YES, NO, NO, NO, NO),
    KeyStore.CREDENTIAL: Stops(YES, NO, NO, NO, NO),
    KeyStore.OTP: Stops(YES, YES, _READ, NO, NO),
    KeyStore.TPM: Stops(YES, YES, YES, NO, NO),
    KeyStore.PASSPHRASE: Stops(YES, _GUESSED, _GUESSED, _GUESSED, NO),
}
