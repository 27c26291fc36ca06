"""The rule of two people: a command waits until a second named admin confirms it, by the kernel's word on both."""

import os
from dataclasses import dataclass

from device.errors import DoorError
from device.ports import Clock
from device.records import Event, Person
from device.records.confirmations import Pending
from device.store.store import Store

WITHIN_S = 900.0
"""How long a command waits."""
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Admin:
    """Who asks or confirms: in the audit's words, and which users may be behind them; none for who is no person."""

    words: str
    people: frozenset[int]


def are_two(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether these users are surely two people: one who became another by `su` or has two logins is not."""
    return bool(one) and bool(other) and one.isdisjoint(other)


class SecondPerson:
    """Each method raises `StoreError`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def ask(self, admin: Admin, command: str, person: Person | None = None) -> Pending:
        """Begins to wait; a row of the audit says so. Raises `DoorError` for no person, and while another one waits."""
        if not admin.people:
            raise DoorError(
                f"{admin.words} names no person for sure, and `{command}` takes two here.",
                hint="Log in as yourself, by ssh or at the machine: the kernel has to know the login "
                "(/proc/self/loginuid). Then ask with the role admin.",
            )
        with self._store.writing(), self._store.confirmations() as confirmations, self._store.audit() as audit:
            if others := self._waiting(confirmations.all()):
                raise DoorError(
                    f"Another command waits for a second person: {others[0].row}, `{others[0].command}`.",
                    hint=f"Have it confirmed: `lintel operators confirm {others[0].row}`. Or wait until it ends.",
                )
            now = self._clock.utc()
            row = audit.note(Event.CONFIRMATION_ASKED, now, person=person, fault=command, by=admin.words)
            person_id = person.id if person else None
            asked_s, process = self._clock.monotonic(), os.getpid()
            pending = Pending(row, command, person_id, admin.people, admin.words, asked_s, process)
            confirmations.ask(pending)
        return pending

    def pending(self) -> tuple[tuple[Pending, str], ...]:
        """What waits, with the name of the person whom it is about."""
        with self._store.confirmations() as confirmations, self._store.people() as people:
            waiting = self._waiting(confirmations.all())
            names = people.names(one.person_id for one in waiting if one.person_id is not None)
        return tuple((one, names.get(one.person_id or 0, "")) for one in waiting)

    def confirm(self, admin: Admin, row: int) -> Pending:
        """Confirms one that waits, as the second person. Raises `DoorError` for one who is not, and for no such row."""
        with self._store.writing(), self._store.confirmations() as confirmations, self._store.audit() as audit:
            found = next((one for one in self._waiting(confirmations.all()) if one.row == row), None)
            if found is None:
                raise DoorError(f"Nothing waits as {row}.", hint="`lintel operators pending` lists what does.")
            if not are_two(found.people, admin.people):
                raise DoorError(
                    f"{admin.words} is not surely another person than {found.asked_by}, who asked for it.",
                    hint="Have another admin confirm it, who is logged in as their own user.",
                )
            confirmations.confirm(found, admin.words)
            said = f"row {row}, {found.command}"
            audit.note(Event.CONFIRMATION_GIVEN, self._clock.utc(), fault=said, by=admin.words)
        return found

    def confirmed(self, pending: Pending) -> str:
        """Waits for the second person; who that is. Raises `DoorError` if no one confirms it in time."""
        is_over = False
        while not is_over:
            is_over = self._clock.monotonic() >= pending.asked_s + WITHIN_S  # a word of the last moment counts
            with self._store.confirmations() as confirmations:
                found = next((one for one in confirmations.all() if one.row == pending.row), None)
            if found is not None and found.confirmed_by:
                return found.confirmed_by
            if not is_over:
                self._clock.sleep(LOOK_S)
        with self._store.audit() as audit:
            said = f"row {pending.row}, {pending.command}"
            audit.note(Event.CONFIRMATION_EXPIRED, self._clock.utc(), fault=said, by=pending.asked_by)
        raise DoorError(
            f"No second person confirmed `{pending.command}` within {WITHIN_S / 60:.0f} minutes; nothing was done.",
            hint="Ask again once another admin is there.",
        )

    def end(self, pending: Pending) -> None:
        """It waits no more."""
        with self._store.confirmations() as confirmations:
            confirmations.end(pending.row)

    def _waiting(self, found: tuple[Pending, ...]) -> tuple[Pending, ...]:
        now = self._clock.monotonic()
        open_ones = (one for one in found if not one.confirmed_by and now < one.asked_s + WITHIN_S)
        return tuple(one for one in open_ones if _is_running(one.process))


def _is_running(process: int) -> bool:
    """Whether there is a process of that number: one that was killed waits for nothing."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
