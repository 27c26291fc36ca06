"""Lets operators speak to the doors from the moment these are open, long before their other parts are.

The socket itself is `device/control/server.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, NoReturn

import msgspec

from device.alarms import AlarmDesk
from device.control.alarm_messages import Acknowledge, ListAlarms, OpenAlarms
from device.control.client import control_socket
from device.control.command_messages import Administer, Administered
from device.control.desk import Caller, Commandable, Desk, Handler, Ordered, door_desk
from device.control.feed import NOTHING, Page, Source
from device.control.messages import (
    AddBadge,
    Doors,
    Enroll,
    Progress,
    Recording,
    RecordPresentations,
    Request,
    Row,
    Status,
    verb_of,
)
from device.control.remote_messages import CodedCommand, SignedCommand
from device.control.roster import Roster
from device.control.server import ControlServer
from device.door.operation import Door
from device.errors import DoorError, StoreError
from device.open_doors import OpenBoard
from device.records import CameraSight, DoorCommand, DoorEvent, DoorState, DoorStatus, Event
from device.records.service import ServiceStatus

Troubles = Callable[[str], tuple[str, ...]]
"""What is wrong with the parts of a door, by its name."""


class Backing:
    """What stands behind the doors once it is there: who writes a release down, what is wrong with their parts, the
    rate that faces are compared for, how old their cameras' newest frames are, and the rows that can be subscribed to.
    """

    def __init__(self) -> None:
        self.troubles: Troubles = lambda _door: ()
        self.target_fmr: Callable[[str], float] = lambda _door: 0.0
        self.frame_age: Callable[[str], float | None] = lambda _door: None
        self.sights: Callable[[str], tuple[CameraSight, ...]] = lambda _door: ()
        self.attended: Callable[[str], bool] = lambda _door: False
        self.write_release: Callable[[Ordered], None] = _refuse
        self.rows: Source = NOTHING
        self.enroll: Callable[[Enroll, Caller], Iterator[Progress]] = _not_yet
        self.add_badge: Callable[[AddBadge, Caller], Iterator[Progress]] = _not_yet
        self.record: Callable[[RecordPresentations, Caller], Iterator[Recording]] = _not_yet
        self.alarms: Callable[[Request, Caller], OpenAlarms] = _not_yet_at_all
        self.of_doors: Mapping[str, Handler] = {}
        """Who answers what is asked of doors, by its verb."""
        self.remote: Callable[[Request, Caller], object] = _not_yet_at_all
        self.administer: Callable[[Administer, Caller], Iterator[Administered]] = _not_yet
        self.service: Callable[[], ServiceStatus | None] = lambda: None
        """The service as a whole."""
        self.repeat: Callable[[tuple[Row, ...]], None] = lambda _rows: None
        """Sends open duress alarms to those subscribers who may know."""


def _refuse(_ordered: Ordered) -> None:
    raise StoreError(
        "The service has only just started and has no store yet, so a release can't be written down.",
        hint="Try again in a few seconds; evacuation, lockdown and secure work already.",
    )


def _not_yet(_request: Request, _caller: Caller) -> Iterator[Any]:
    raise DoorError(
        "The service has only just started, and has no camera and no models yet.", hint="Try again in a few seconds."
    )


def _not_yet_at_all(_request: Request, _caller: Caller) -> NoReturn:
    raise StoreError("The service has only just started and has no store yet.", hint="Try again in a few seconds.")


def alarms_at(desk: AlarmDesk) -> Callable[[Request, Caller], OpenAlarms]:
    """The handler of both verbs about alarms."""

    def answer(request: Request, caller: Caller) -> OpenAlarms:
        match request:
            case ListAlarms():
                return OpenAlarms(desk.open_ones(caller.operator))
            case Acknowledge():
                return OpenAlarms((desk.acknowledge(caller.operator, request.alarm, request.why),))
        raise TypeError(type(request).__name__)

    return answer


@contextmanager
def operators(board: OpenBoard, backing: Backing, roster: Roster) -> Iterator[None]:
    """Listens until the end, if there is a folder for the socket. Raises `DoorError`."""
    path = control_socket()
    if path is None:
        yield
        return
    doors = {opened.door.name: opened.door for opened in board.doors}

    def note(ordered: Ordered) -> None:
        """A release before it is done; nothing else waits for a disk."""
        if ordered.command is DoorCommand.RELEASE:
            backing.write_release(ordered)
        else:
            doors[ordered.door].remark(Event.DOOR_COMMANDED, command_words(ordered), by=ordered.by.words)

    commanded = {name: _Commanded(door, backing) for name, door in doors.items()}
    desk = replace(operators_desk(commanded, note, backing), roster=roster)
    roster.begin()
    with closing(roster), closing(ControlServer(path, desk, _LateRows(backing))) as server:
        backing.repeat = server.repeat
        yield


def operators_desk(doors: Mapping[str, Commandable], note: Callable[[Ordered], None], backing: Backing) -> Desk:
    """The doors', and what their parts can do once they are there."""

    def with_parts(request: Request, caller: Caller) -> object:
        match request:
            case Enroll():
                return backing.enroll(request, caller)
            case AddBadge():
                return backing.add_badge(request, caller)
            case RecordPresentations():
                return backing.record(request, caller)
            case ListAlarms() | Acknowledge():
                return backing.alarms(request, caller)
            case SignedCommand() | CodedCommand():
                return backing.remote(request, caller)
            case Administer():
                return backing.administer(request, caller)
        raise TypeError(type(request).__name__)

    desk = door_desk(doors, note)
    backing.of_doors = desk.handlers

    def with_service(request: Request, caller: Caller) -> object:
        answer = desk.handlers[verb_of(Status)](request, caller)
        return msgspec.structs.replace(answer, service=backing.service()) if isinstance(answer, Doors) else answer

    kinds = (Enroll, AddBadge, RecordPresentations, Administer, ListAlarms, Acknowledge, SignedCommand, CodedCommand)
    late = {verb_of(kind): with_parts for kind in kinds}
    return replace(desk, handlers={**desk.handlers, **late, verb_of(Status): with_service})


def command_words(ordered: Ordered) -> str:
    """The command, for the audit."""
    for_s = f" for {ordered.for_s:g} s" if ordered.for_s else ""
    return f"{ordered.command.value}{for_s}"


class _Commanded:
    """A door for the operators' socket: its status has what is wrong with its parts."""

    def __init__(self, door: Door, backing: Backing) -> None:
        self._door = door
        self._backing = backing

    def tell(self, event: DoorEvent) -> DoorState:
        """As `Door.tell`."""
        return self._door.tell(event)

    @property
    def is_written(self) -> bool:
        """As `Door.is_written`."""
        return self._door.is_written

    def status(self) -> DoorStatus:
        """As `Door.status`, with what its parts say of themselves."""
        status, name, backing = self._door.status(), self._door.name, self._backing
        return replace(
            status,
            troubles=(*status.troubles, *backing.troubles(name)),
            target_fmr=backing.target_fmr(name),
            frame_age_s=backing.frame_age(name),
            cameras=backing.sights(name),
            attended=backing.attended(name),
        )


class _LateRows:
    """`Source` of the rows that there are by then."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing

    def after(self, row: int, count: int) -> Page:
        """As `Source.after`."""
        return self._backing.rows.after(row, count)

    def before_newest(self, count: int) -> int:
        """As `Source.before_newest`."""
        return self._backing.rows.before_newest(count)

    def signature(self) -> object:
        """As `Source.signature`."""
        return self._backing.rows.signature()
