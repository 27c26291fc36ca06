"""Has verified commands from the network carried out, as an operator's are, under the client's name."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from device.control.desk import Caller, Handler
from device.control.messages import DoorRequest, Lockdown, Release, Request, Secure, verb_of
from device.control.remote_messages import CodedCommand, SignedCommand
from device.errors import DoorError
from device.records import Operator, Role
from device.records.remote import RemoteCommand, RemoteOrder
from device.remote.desk import Coded, RemoteDesk

REQUESTS: dict[RemoteCommand, type[DoorRequest]] = {
    RemoteCommand.RELEASE: Release,
    RemoteCommand.SECURE: Secure,
    RemoteCommand.LOCKDOWN: Lockdown,
}
"""Evacuation and `clear` are not among it."""


def remote_at(desk: RemoteDesk, of_doors: Mapping[str, Handler], doors: Collection[str]) -> Handler:
    """The handler of both verbs; `of_doors` are those of what is asked of `doors`, by its verb."""

    def answer(request: Request, caller: Caller) -> object:
        if isinstance(request, CodedCommand):
            _refuse_elsewhere(request.door, doors)
        order = _order(desk, request)
        asked = REQUESTS[order.command](door=order.door)
        return of_doors[verb_of(asked)](asked, replace(caller, operator=_client(order, caller.operator)))

    return answer


def _refuse_elsewhere(door: str, doors: Collection[str]) -> None:
    """Controllers of a site hear each other's locks, and number their codes alike: a neighbour's right code is not
    a wrong one here. Raises `DoorError`, and nothing is counted.
    """
    if door not in doors:
        raise DoorError(f"There is no door {door!r} here.", hint=f"Doors: {', '.join(doors)}.")


def _order(desk: RemoteDesk, request: Request) -> RemoteOrder:
    match request:
        case SignedCommand():
            return desk.signed(request.token)
        case CodedCommand():
            return desk.coded(Coded(request.command, request.door, request.at, request.code))
    raise TypeError(type(request).__name__)


def _client(order: RemoteOrder, carrier: Operator) -> Operator:
    """Of the row that is written: the client by its own name, and who brought the command."""
    words = f"{order.by}, by {carrier.name or f'user {carrier.uid}'}"
    return Operator(carrier.uid, frozenset({Role.GUARD}), words, carrier.uid)
