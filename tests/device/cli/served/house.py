"""A service's socket with real commands behind it, and operators who are real users."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from device.alarms import AlarmDesk
from device.clock import SystemClock
from device.control.client import FILE_NAME
from device.control.commands import Commands
from device.control.desk import Desk, door_desk
from device.control.roster import Listed, Roster
from device.control.server import ControlServer
from device.operators import Backing, alarms_at, operators_desk
from device.records import Role
from device.settings.operators import OperatorSettings
from device.store.store import Store
from tests.device.control.bench import Notes, ToldDoor

ROOT = Path(__file__).parents[4]
LINTEL = Path(sys.executable).parent / "lintel"
ADA, ANNA, BOB, GUS, MALLORY, GATE = 4000, 4001, 4002, 4004, 4003, 4100
"""An admin, an enroller, an auditor, a guard, one without a role, and the group that may connect."""


class FixedRoster(Roster):
    """As if the settings' names had been looked up."""

    def __init__(self) -> None:
        super().__init__((OperatorSettings(login="anna", role=Role.ENROLLER),))
        roles = dict(zip((ADA, ANNA, BOB, GUS), (Role.ADMIN, Role.ENROLLER, Role.AUDITOR, Role.GUARD), strict=True))
        names = {0: "root", ADA: "ada", ANNA: "anna", BOB: "bob", GUS: "gus"}
        self._listed = Listed({uid: frozenset({role}) for uid, role in roles.items()}, {}, names)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class House:
    """A store, and the runtime folder of its service."""

    state: Path
    runtime: Path
    door: ToldDoor
    settings: Path | None = None

    @property
    def socket(self) -> Path:
        """Where the service listens."""
        return self.runtime / FILE_NAME

    @property
    def environment(self) -> dict[str, str]:
        """Of an operator's program."""
        return {**os.environ, "RUNTIME_DIRECTORY": str(self.runtime), "LINTEL_STATE_DIR": str(self.state)}

    def lintel(self, *words: str, cwd: Path | None = None, typed: str = "", served: bool = True) -> Answer:
        """A command, by the service, or directly."""
        environment = self.environment if served else {**self.environment, "RUNTIME_DIRECTORY": "/nowhere"}
        ended = subprocess.run(
            [LINTEL, *words],
            input=typed,
            env=environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr)

    def by(self, uid: int, *words: str, login: str = "", gid: int = GATE) -> Answer:
        """A command of another user."""
        command = [sys.executable, "-m", "tests.become", str(uid), str(gid), login, *words]
        ended = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def house_at(state: Path, runtime: Path, settings: Path | None = None) -> Iterator[House]:
    """The service listens within the block."""
    house = House(state, runtime, ToldDoor(), settings)
    with closing(ControlServer(house.socket, desk_of(house))):
        if os.geteuid() == 0:
            os.chown(house.socket, 0, GATE)
        yield house


def desk_of(house: House) -> Desk:
    """The service's own, with commands on that store."""
    backing = Backing()
    backing.administer = Commands(house.settings, house.state).progress
    doors = {"main": house.door}
    backing.alarms = alarms_at(AlarmDesk(Store(house.state, opened=False), SystemClock()))
    desk = operators_desk(doors, Notes(), backing)
    assert desk.verbs is door_desk(doors, Notes()).verbs
    return replace(desk, roster=FixedRoster())
