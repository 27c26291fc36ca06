"""A house behind the operators' socket: its door writes down what it is told, and everyone who connects is the link."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from device.control.client import Client
from device.control.desk import Ordered
from device.control.messages import Doors, Request
from device.control.peers import Credentials
from device.control.roster import Roster
from device.control.server import ControlServer
from device.errors import DoorError
from device.operators import Backing, operators_desk
from device.records import Commanded, DoorCommand, Operator, Role
from device.remote_orders import remote_at
from device.settings.remote import RemoteSettings
from tests.device.control.bench import ToldDoor
from tests.device.remote.world import ALLOWED, House, SetClock


class LiveClock(SetClock):
    """The machine's own, in a service that has run for a while."""

    def __init__(self) -> None:
        pass

    def monotonic(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Tests wait for nothing."""


class LinksAlone(Roster):
    """Takes everyone for the link's user."""

    def __init__(self, *roles: Role) -> None:
        super().__init__()
        self._roles_of_all = frozenset(roles or (Role.LINK,))

    def operator(self, peer: Credentials) -> Operator:
        return Operator(peer.uid, self._roles_of_all, "lintel-link", peer.uid)


class Site:
    """Where the link's commands arrive."""

    def __init__(self, folder: Path, settings: RemoteSettings = ALLOWED, roster: Roster | None = None) -> None:
        self.house = House(folder / "state", settings, LiveClock())
        self.door = ToldDoor()
        self.notes: list[Ordered] = []
        self.socket = folder / "control.sock"
        backing = Backing()
        desk = operators_desk({"main": self.door}, self.notes.append, backing)
        backing.remote = remote_at(self.house.desk, backing.of_doors, ("main",))
        self._server = ControlServer(self.socket, replace(desk, roster=roster or LinksAlone()))

    def ask(self, request: Request) -> str:
        """`done`, or why not."""
        try:
            assert Client(self.socket).ask(request, Doors, timeout_s=30)
        except DoorError as error:
            return error.message
        return "done"

    @property
    def releases(self) -> int:
        return self.door.told.count(Commanded(DoorCommand.RELEASE))

    def close(self) -> None:
        self._server.close()
        self.house.close()


@contextlib.contextmanager
def site_at(folder: Path, settings: RemoteSettings = ALLOWED) -> Iterator[Site]:
    site = Site(folder, settings)
    try:
        yield site
    finally:
        site.close()
