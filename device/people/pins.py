"""What an operator does about PINs and failed tries: each change one transaction with its audit row."""

import secrets

from device.administration import named, refuse_changed
from device.credentials import format_badge
from device.errors import CredentialError
from device.pin_checking import PinCheckFailed, checked
from device.policy.pin_choice import is_alike, is_foreseen, refuse_duress_pin, refuse_pin
from device.ports import Clock
from device.records import DIGITS, Badge, Credential, Event, Factor, Failures, Person, PinAnswer
from device.store.pins import USUAL, Cost, hashed
from device.store.store import Store


def drawn_pin(length: int, *, unlike: str = "") -> str:
    """A PIN of 4 to 8 digits that can't be foreseen; as a duress PIN, `unlike` the ordinary one of the same length."""
    while True:
        pin = "".join(secrets.choice(DIGITS) for _ in range(length))
        if not is_foreseen(pin) and not (unlike and is_alike(pin, unlike)):
            return pin


class PinOffice:
    """Gives people PINs and takes them away. Everything raises `CredentialError` if it can't be done, `StoreError`, and
    `KeyMissing` without the key. No error and no row has a digit in it.
    """

    def __init__(self, store: Store, clock: Clock, cost: Cost = USUAL) -> None:
        self._store = store
        self._clock = clock
        self._cost = cost

    def give(self, name: str, pin: str) -> tuple[Person, bool]:
        """Gives a person a PIN in place of the one before, and has PINs count again with each of their badges.

        Also whether a duress PIN was removed: it had been chosen to differ from the PIN before.
        """
        refuse_pin(pin)
        person, made = self.known(name), self._hashed(pin)
        now = self._clock.utc()
        with (
            self._store.people() as people,
            self._store.pins() as pins,
            self._store.counters() as counters,
            self._store.audit() as audit,
        ):
            refuse_changed(people, person)
            had_duress = pins.has(person).duress
            pins.keep(person, made, now)
            enrolled = people.enrolled(person)
            for badge in enrolled.badges if enrolled else ():
                counters.reset(badge.credential, Factor.PIN)
            audit.note(Event.PIN_GIVEN, now, person=person)
        return person, had_duress

    def give_duress(self, name: str, pin: str, duress: str) -> Person:
        """Gives a person who knows their `pin` a duress PIN besides. A wrong `pin` is a row in the audit."""
        person = self.verified(name, pin)
        refuse_duress_pin(duress, pin)
        made = self._hashed(duress)
        with self._store.people() as people, self._store.pins() as pins, self._store.audit() as audit:
            refuse_changed(people, person)
            pins.keep_duress(person, made)
            audit.note(Event.DURESS_PIN_GIVEN, self._clock.utc(), person=person)
        return person

    def verified(self, name: str, pin: str) -> Person:
        """The person, if that is their PIN."""
        person = self.known(name)
        answer = checked(self._store, person, pin, self._cost)
        if isinstance(answer, PinCheckFailed):
            raise CredentialError(f"The PIN of {person.name} can't be compared: {answer.fault}", hint=_KEYS)
        if answer is PinAnswer.ABSENT:
            raise CredentialError(f"{person.name} has no PIN.", hint="Give one first: `lintel people pin NAME`.")
        if answer is not PinAnswer.RIGHT:
            with self._store.audit() as audit:
                audit.note(Event.PIN_REFUSED, self._clock.utc(), person=person)
            raise CredentialError(
                f"That is not the PIN of {person.name}.", hint="Give a new one: `lintel people pin NAME`."
            )
        return person

    def remove(self, name: str, *, only_duress: bool = False, must_have: bool = True) -> Person:
        """Removes a person's PINs, or the duress PIN alone. Without `must_have` it is harmless if there is none.

        Raises `CredentialError`.
        """
        person = self.known(name)
        with self._store.people() as people, self._store.pins() as pins, self._store.audit() as audit:
            refuse_changed(people, person)
            had = pins.has(person)
            if not (had.duress if only_duress else had.pin):
                if not must_have:
                    return person
                what = "duress PIN" if only_duress else "PIN"
                raise CredentialError(f"{person.name} has no {what}.", hint="Nothing to do.")
            pins.remove(person, only_duress=only_duress)
            event = Event.DURESS_PIN_REMOVED if only_duress else Event.PIN_REMOVED
            audit.note(event, self._clock.utc(), person=person)
        return person

    def reset(self, credential: Credential) -> tuple[Badge, Failures]:
        """Has faces and PINs count again with a badge. The badge, and what had failed."""
        with self._store.people() as people, self._store.counters() as counters, self._store.audit() as audit:
            badge = people.held(credential)
            before = counters.reset(credential)
            said = f"faces {before.face}, PINs {before.pin}"
            written = format_badge(credential)
            audit.note(Event.BADGE_RESET, self._clock.utc(), person=badge.person, badge=written, fault=said)
        return badge, before

    def known(self, name: str) -> Person:
        """The person of this name."""
        with self._store.people() as people:
            return named(people, name)

    def _hashed(self, pin: str) -> bytes:
        """Made before the lock for writing is taken, as it takes its time."""
        with self._store.writing(), self._store.pins() as pins:
            secret = pins.secret
        return hashed(pin, secret, self._cost)


_KEYS = "See `lintel keys status`."
