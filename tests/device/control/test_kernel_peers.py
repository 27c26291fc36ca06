"""Real users at a real socket: who they are is the kernel's word, and their roles hold."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from device.control.client import FILE_NAME
from device.control.desk import Ordered, door_desk
from device.control.peers import login_uid
from device.control.roster import Listed, Roster
from device.control.server import ControlServer
from device.records import Role
from device.settings.operators import OperatorSettings
from tests.device.control.bench import Notes, ToldDoor
from tests.peers import answered

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
ANNA, BOB, MALLORY, GATE, GUARDS = 4001, 4002, 4003, 4100, 4200
"""Users, the group that may connect, and a group of the settings; numbers that no system has."""


class FixedRoster(Roster):
    """As if the settings' names had been looked up: anna is an enroller, bob an auditor, a group the guards."""

    def __init__(self) -> None:
        super().__init__((OperatorSettings(login="anna", role=Role.ENROLLER),))
        roles = {role: frozenset({role}) for role in Role}
        self._listed = Listed(
            {ANNA: roles[Role.ENROLLER], BOB: roles[Role.AUDITOR]},
            {GUARDS: roles[Role.GUARD]},
            {0: "root", ANNA: "anna", BOB: "bob"},
        )


@pytest.fixture
def path() -> Iterator[Path]:
    """Where others may come; a test's own folder is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="lintel-"))
    folder.chmod(0o711)
    yield folder / FILE_NAME
    shutil.rmtree(folder)


@pytest.fixture
def noted(path: Path) -> Iterator[Notes]:
    """A door's socket with these operators, and what it writes down."""
    notes = Notes()
    desk = replace(door_desk({"main": ToldDoor()}, notes), roster=FixedRoster())
    with closing(ControlServer(path, desk)):
        os.chown(path, 0, GATE)
        yield notes


def says(path: Path, verb: str, *, uid: int, gid: int = GATE, login: str = "") -> str:
    """What comes of a verb: `reply`, or the code of an error."""
    line = json.dumps({"v": 1, "verb": verb}).encode()
    said = answered(path, line, uid=uid, gid=gid, login=login)
    answer = json.loads(said) if said.startswith("{") else {"kind": said}
    return str(answer.get("code", answer["kind"]))


def who(notes: Notes) -> list[str]:
    return [ordered.by.words for ordered in notes if isinstance(ordered, Ordered)]


@pytest.mark.parametrize(
    ("uid", "verb", "answer"),
    [
        (ANNA, "status", "reply"),
        (ANNA, "lockdown", "forbidden"),
        (ANNA, "subscribe", "forbidden"),
        (BOB, "release", "forbidden"),
        (MALLORY, "status", "forbidden"),
    ],
)
@pytest.mark.usefixtures("noted")
def test_roles_hold_for_users_as_the_kernel_names_them(path: Path, uid: int, verb: str, answer: str) -> None:
    assert says(path, verb, uid=uid) == answer


def test_group_of_the_settings_gives_its_role(path: Path, noted: Notes) -> None:
    os.chown(path, 0, GUARDS)
    assert says(path, "lockdown", uid=MALLORY, gid=GUARDS) == "reply"
    assert [ordered.by.uid for ordered in noted] == [MALLORY]


@pytest.mark.usefixtures("noted")
def test_user_outside_the_sockets_group_does_not_get_in(path: Path) -> None:
    assert "PermissionError" in says(path, "status", uid=ANNA, gid=9)


def test_root_by_sudo_is_named_by_the_login(path: Path, noted: Notes) -> None:
    assert says(path, "lockdown", uid=0, login=str(ANNA)) == "reply"
    assert who(noted) == ["root (login anna)"]


def test_su_to_another_user_shows_both(path: Path, noted: Notes) -> None:
    os.chown(path, 0, GUARDS)
    assert says(path, "lockdown", uid=BOB, gid=GUARDS, login=str(ANNA)) == "reply"
    assert who(noted) == ["bob (login anna)"]


def test_cron_has_no_login(path: Path, noted: Notes) -> None:
    assert says(path, "lockdown", uid=0, login="4294967295") == "reply"
    assert who(noted) == ["root (no login)"]


@pytest.mark.parametrize("names", [{"SUDO_UID": "4001", "SUDO_USER": "anna"}, {"LOGNAME": "anna", "USER": "anna"}])
def test_forged_environment_names_no_one(
    path: Path, noted: Notes, monkeypatch: pytest.MonkeyPatch, names: dict[str, str]
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert says(path, "lockdown", uid=0, login=str(BOB)) == "reply"
    assert who(noted) == ["root (login bob)"]


@pytest.mark.parametrize("field", ["by", "uid", "login", "operator", "role"])
@pytest.mark.usefixtures("noted")
def test_name_that_a_client_sends_is_an_unknown_field(path: Path, field: str) -> None:
    line = json.dumps({"v": 1, "verb": "lockdown", field: "anna"}).encode()
    assert json.loads(answered(path, line, uid=0, gid=0))["code"] == "request"


def test_login_gives_no_role(path: Path, noted: Notes) -> None:
    """A process without a login may choose one: it stays who it is."""
    assert says(path, "status", uid=MALLORY, login="0") == "forbidden"
    assert noted == []


def test_login_of_a_process_that_is_gone_is_not_known() -> None:
    assert login_uid(2**22 + 1) is None
