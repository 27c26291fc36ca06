"""Commands from the network at the operators' socket: the link carries them, and can do nothing by itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.control.client import Client
from device.control.messages import Clear, Doors, Evacuate, Lockdown, Release, Request, Secure
from device.control.protocol import VERBS
from device.control.remote_messages import CodedCommand, SignedCommand
from device.control.roles import VERB_ROLES
from device.errors import DoorError
from device.records import Commanded, DoorCommand, Role
from device.records.remote import RemoteCommand
from device.settings.remote import RemoteSettings
from tests.device.remote.site import Site, site_at
from tests.device.remote.world import House


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_at(tmp_path) as site:
        yield site


def coded(code: str, command: RemoteCommand = RemoteCommand.RELEASE) -> CodedCommand:
    return CodedCommand(door="main", command=command, at=time.time(), code=code)


def fresh(house: House) -> str:
    """A token of a house that runs long enough."""
    return house.token()


def test_signed_release_is_done_once_by_the_clients_name(site: Site) -> None:
    token = fresh(site.house)
    said = [site.ask(SignedCommand(token=token)) for _ in range(2)]
    assert said[0] == "done"
    assert "(replayed)" in said[1]
    assert site.door.told == [Commanded(DoorCommand.RELEASE)]
    assert site.notes[0].by.words == "client gate, by lintel-link"


def test_signed_lockdown_is_done(site: Site) -> None:
    site.ask(SignedCommand(token=site.house.token(cmd=RemoteCommand.LOCKDOWN)))
    assert site.door.told == [Commanded(DoorCommand.LOCKDOWN)]


def test_code_releases_and_secures(site: Site) -> None:
    code = site.house.give_code()
    said = [site.ask(coded(code)), site.ask(coded(code, RemoteCommand.SECURE))]
    assert (said, [one.command for one in site.notes]) == (["done"] * 2, [DoorCommand.RELEASE, DoorCommand.SECURE])


def test_codes_of_a_neighbours_door_lock_none_here(site: Site) -> None:
    """Two controllers of a site hear each other's locks at the broker, and number their codes alike."""
    code = site.house.give_code()
    other = f"{code[:2]}{(int(code[2:]) + 1) % 1_000_000:06}"
    said = {site.ask(CodedCommand(door="barn", command=RemoteCommand.RELEASE, at=time.time(), code=other))}
    for _ in range(9):
        said.add(site.ask(CodedCommand(door="barn", command=RemoteCommand.RELEASE, at=time.time(), code=other)))
    assert said == {"There is no door 'barn' here."}
    assert (site.house.failed(), site.ask(coded(code))) == (0, "done")
    assert not any(row.startswith("remote-refused") for row in site.house.rows())


def test_signed_command_for_another_door_is_answered(site: Site) -> None:
    assert site.ask(SignedCommand(token=site.house.token(door="barn"))) == "There is no door 'barn'."


@pytest.mark.parametrize("request_", [Release(door="main"), Secure(), Lockdown(), Evacuate(), Clear()])
def test_link_commands_no_door_by_itself(site: Site, request_: Request) -> None:
    assert "may not ask for" in site.ask(request_)
    assert site.door.told == []


def test_link_may_watch_and_carry_alone() -> None:
    may = {verb for verb, roles in VERB_ROLES.items() if Role.LINK in roles}
    assert may == {"status", "subscribe", "signed-command", "coded-command"}


def test_every_verb_of_a_door_is_refused_to_the_link() -> None:
    doors = ("release", "secure", "lockdown", "evacuate", "clear", "administer", "enroll", "add-badge", "acknowledge")
    assert [verb for verb in doors if Role.LINK in VERBS[verb].roles] == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(VERBS)),
    st.dictionaries(
        st.sampled_from(["door", "token", "command", "code", "at", "for_s", "why", "alarm", "by", "roles"]),
        st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["main", "release", "01000000", "a.b.c"]),
    ),
)
def test_link_that_was_taken_over_opens_nothing(site: Site, verb: str, fields: dict[str, object]) -> None:
    if verb != "subscribe":  # it answers until one side hangs up
        _send(site, msgspec.json.encode({"v": 1, "verb": verb, **fields}) + b"\n")
    assert site.door.told == []


def _send(site: Site, raw: bytes) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(site.socket))
        connection.sendall(raw)
        connection.recv(4096)


def test_link_can_not_change_a_command(site: Site) -> None:
    head, body, signature = fresh(site.house).split(".")
    other = site.house.token(cmd=RemoteCommand.SECURE).split(".")
    said = [
        site.ask(SignedCommand(token=".".join(parts)))
        for parts in ((head, other[1], signature), (head, body, other[2]))
    ]
    assert [("(signature)" in one) for one in said] == [True, True]
    assert site.door.told == []


def test_commands_are_off_without_the_settings(tmp_path: Path) -> None:
    with site_at(tmp_path, RemoteSettings()) as site:
        said = [site.ask(SignedCommand(token=fresh(site.house))), site.ask(coded(site.house.give_code()))]
    assert [("(off)" in one) for one in said] == [True, True]


def test_answer_of_a_refusal_says_why_and_what_to_do(site: Site) -> None:
    with pytest.raises(DoorError, match="not a command of the documented form") as raised:
        Client(site.socket).ask(SignedCommand(token="x"), Doors, timeout_s=30)
    assert raised.value.hint == "docs/remote-commands.md says what counts."
