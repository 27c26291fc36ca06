"""What can be asked of the service: the handler of each verb, and those of the doors.

Evacuation, lockdown, clearing, securing and questions wait for nothing: the doors' pins move first, and the answer says
whether the disk has it too. A release is written down first.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from device.control.command_messages import Administer, Elsewhere
from device.control.messages import REQUESTS, Code, DoorRequest, Doors, Release, Request, verb_of
from device.control.protocol import VERBS, ProtocolError, Verbs
from device.control.roster import Roster
from device.errors import DoorError, LintelError
from device.records import Commanded, DoorCommand, DoorEvent, DoorState, DoorStatus, Operator

_KEPT = frozenset({DoorCommand.LOCKDOWN, DoorCommand.EVACUATE, DoorCommand.CLEAR})
"""What outlasts a restart."""


class Commandable(Protocol):
    """A door in operation."""

    def tell(self, event: DoorEvent) -> DoorState:
        """What happened; the state after it."""

    def status(self) -> DoorStatus:
        """All that is known."""

    @property
    def is_written(self) -> bool:
        """Whether all that outlasts a restart is on the disk."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an operator has commanded, for the audit."""

    door: str
    command: DoorCommand
    by: Operator
    for_s: float = 0.0
    """For how long, seconds; 0 for one opening."""


def _none_sent(_within_s: float) -> int:
    raise ProtocolError("No descriptor was sent.", hint="Use `lintel`.", code=Code.REQUEST)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    operator: Operator
    is_waiting: Callable[[], bool]
    """Whether the answer is still waited for."""
    descriptor: Callable[[float], int] = _none_sent
    """The descriptor that the caller sends within that time, in seconds. Raises `ProtocolError`."""


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that is given once something is so, or after a while in any case."""

    is_due: Callable[[], bool]
    reply: Callable[[], object]


Handler = Callable[[Request, Caller], object]
"""Carries a request out: gives the reply, a `Later` of it in the safety lane, or an iterator over parts where the verb
is streamed. Raises `LintelError`.
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """What can be asked, and who answers it."""

    verbs: Verbs
    handlers: Mapping[str, Handler]
    roster: Roster = field(default_factory=Roster)
    """Who has which role."""

    def answered(self, request: Request, caller: Caller) -> object:
        """What the handler gives. Raises `LintelError` alone: what a bug raises is one that names it."""
        try:
            return self.handlers[verb_of(request)](request, caller)
        except LintelError:
            raise
        except Exception as error:  # the next request may be another
            raise bug(error) from None


def bug(error: Exception) -> ProtocolError:
    """The answer to a request that met a bug; the journal has its traceback."""
    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
    return ProtocolError(
        f"This is a bug in Lintel: {type(error).__name__}.", hint="Report what the journal says.", code=Code.BUG
    )


def door_desk(doors: Mapping[str, Commandable], note: Callable[[Ordered], None]) -> Desk:
    """The desk of the doors.

    `note` is given each command. It may take its time with a release, and what it raises then keeps that from
    happening; with all other commands it must not wait for anything.
    """
    handler = _Doors(doors, note)
    answers: dict[str, Handler] = {verb_of(request): handler.answer for request in REQUESTS.values()}
    return Desk(VERBS, answers | {verb_of(Administer): _without_store})


def _without_store(_request: Request, _caller: Caller) -> Iterator[Elsewhere]:
    """Doors alone have no store, so no command is for this one."""
    yield Elsewhere()


class _Doors:
    """Carries out what is asked of doors."""

    def __init__(self, doors: Mapping[str, Commandable], note: Callable[[Ordered], None]) -> None:
        self._doors = doors
        self._note = note

    def answer(self, request: Request, caller: Caller) -> Doors | Later:
        """The doors after a command that each of them was given, or as they are. Raises `LintelError`."""
        if not isinstance(request, DoorRequest):
            raise TypeError(type(request).__name__)
        command = _COMMANDS[type(request)]
        names, for_s = self._named(request.door, command), request.for_s if isinstance(request, Release) else 0.0
        if command is not None:
            with contextlib.ExitStack() as stack:  # each door hears of it, whatever another one says
                for name in reversed(names):
                    stack.callback(self._command, Ordered(name, command, caller.operator, for_s), caller.is_waiting)
        if command in _KEPT:
            return Later(lambda: self._are_written(names), lambda: self._status(names))
        return self._status(names)

    def _are_written(self, names: tuple[str, ...]) -> bool:
        return all(self._doors[name].is_written for name in names)

    def _status(self, names: tuple[str, ...]) -> Doors:
        return Doors(tuple(self._doors[name].status() for name in names))

    def _named(self, door: str | None, command: DoorCommand | None) -> tuple[str, ...]:
        """The doors that a request is for. Raises `DoorError` if that is not clear."""
        names = tuple(self._doors)
        hint = f"Name one with --door: {', '.join(names)}."
        if door is not None:
            if door not in names:
                raise DoorError(f"There is no door {door!r}.", hint=hint)
            return (door,)
        if command is DoorCommand.RELEASE and len(names) > 1:
            raise DoorError("There are several doors, and they are released one by one.", hint=hint)
        return names

    def _command(self, ordered: Ordered, is_waiting: Callable[[], bool]) -> None:
        """A release is written down before, or does not happen; everything else happens whatever the store does.

        Nor does a release happen when the one who asked for it has given up waiting, and may have walked away.
        """
        if ordered.command is DoorCommand.RELEASE:
            _refuse_unless(is_waiting())
            self._note(ordered)
            _refuse_unless(is_waiting())
            self._doors[ordered.door].tell(Commanded(ordered.command, ordered.for_s))
        else:
            self._doors[ordered.door].tell(Commanded(ordered.command))
            with contextlib.suppress(LintelError):
                self._note(ordered)


_COMMANDS: dict[type[DoorRequest], DoorCommand | None] = {request: command for command, request in REQUESTS.items()}


def _refuse_unless(is_waiting: bool) -> None:
    if not is_waiting:
        raise DoorError("The connection that asked for this release is closed; it was not done.", hint="Ask again.")
