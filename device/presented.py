"""A badge taken from a reader instead of typed: the operators' verb `add-badge`, and the first step of `enroll`.

Between control and the doors' loops. The badge that is presented is given to a person or refused with its holder's
name; it opens nothing and counts as no attempt.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass

from device.administration import Administration
from device.control.desk import Caller
from device.control.messages import AddBadge, Alive, Awaited, BadgeAdded, Progress
from device.credentials import format_badge
from device.errors import DoorError
from device.next_badge import NextBadge
from device.ports import Clock
from device.records import Credential
from device.store.store import Store

PRESENT_S = 30.0
"""How long a badge is waited for."""
ALIVE_S = 1.0
"""How often at least something is said, so that an operator who has gone is noticed."""


@dataclass(frozen=True, slots=True)
class ReadersOfDoor:
    """Where badges of one door are presented."""

    next_badge: NextBadge
    names: tuple[str, ...]


def presented(
    at: ReadersOfDoor, readers: Collection[str], clock: Clock, caller: Caller
) -> Generator[Progress, None, Credential]:
    """Waits for the next badge at one of those readers. What is said meanwhile, and at the end the badge.

    Raises `DoorError` if none came within `PRESENT_S`, the caller has gone, or another one waits there.
    """
    with at.next_badge.awaited(readers, clock.monotonic()) as slot:
        yield Awaited(within_s=PRESENT_S)
        deadline = clock.monotonic() + PRESENT_S
        while not clock.wait(slot.taken, min(ALIVE_S, max(0.0, deadline - clock.monotonic()))):
            if clock.monotonic() >= deadline:
                raise DoorError(
                    f"No badge was presented within {PRESENT_S:.0f} s.", hint="Nothing was changed; run it again."
                )
            refuse_gone(caller)
            yield Alive()
        refuse_gone(caller)
        if slot.credential is None:
            raise TypeError("a slot that is taken has its badge")
        return slot.credential


def refuse_gone(caller: Caller) -> None:
    """Raises `DoorError` if the operator does not wait for the answer any more."""
    if not caller.is_waiting():
        raise DoorError("The operator has gone; nothing was stored.", hint="Run the command again.")


Refuse = Callable[[Credential], None]


class PresentedBadges:
    """What the verb `add-badge` is answered with."""

    def __init__(
        self, doors: Mapping[str, ReadersOfDoor], store: Store, clock: Clock, refuse: Refuse = lambda _badge: None
    ) -> None:
        """`doors` are all doors by their names. `refuse` raises `CredentialError` for a badge that can't be given."""
        self._refuse = refuse
        self._doors = doors
        self._store = store
        self._administration = Administration(store, clock)
        self._clock = clock

    def progress(self, request: AddBadge, caller: Caller) -> Iterator[Progress]:
        """What is said until the badge is given to the person.

        Raises `LintelError`: for an unknown reader, a badge that can't be given, and what `presented` can raise.
        """
        credential = yield from presented(self._door_of(request.reader), (request.reader,), self._clock, caller)
        self._refuse(credential)
        with self._store.acting(caller.operator.words):
            badge = self._administration.add_badge(request.name, credential)
        yield BadgeAdded(badge.person.name, format_badge(badge.credential))

    def _door_of(self, reader: str) -> ReadersOfDoor:
        for door in self._doors.values():
            if reader in door.names:
                return door
        known = ", ".join(name for door in self._doors.values() for name in door.names)
        raise DoorError(f"There is no reader {reader!r}.", hint=f"Name one with --at: {known}.")
