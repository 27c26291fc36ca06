"""Clients that send what no `lintel` does: a command has the service's rights, and they get none of them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from device.cli.carried import Carried, receive
from device.control.channel import Channel
from device.control.client import Client
from device.control.command_messages import Administer, Administered, Asks, Begin, Files, Go
from device.control.protocol import ProtocolError
from device.errors import LintelError
from tests.device.cli.served.house import House
from tests.device.cli.served.raw import begin, called, spoken


@pytest.mark.parametrize(
    "command", ["run", "door lockdown", "config", "people", "people list --json", "audit  list", ""]
)
def test_what_has_no_row_for_the_service_is_refused(house: House, command: str) -> None:
    request = Administer(command=command, folder=str(house.state))
    with pytest.raises(ProtocolError, match="carries out no command") as refused:
        list(Client(house.socket).stream(request, Administered, silence_s=60.0))  # type: ignore[arg-type]
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "{state}/lintel.db", "../../../../../../etc/passwd", "/proc/self/environ"]
)
def test_path_that_leads_to_the_services_own_files_is_refused(house: House, path: str) -> None:
    said = called(house, "enroll", "17:9", "--name", "Ada", path.format(state=house.state))
    assert (said.code, "can't be reached from here" in said.out) == (2, True)


def test_file_that_was_not_opened_for_reading_is_refused(house: House, tmp_path: Path) -> None:
    """A descriptor alone (O_PATH) could be opened again with the service's rights."""
    (tmp_path / "secret").write_text("a secret")
    bare = os.open(tmp_path / "secret", os.O_PATH)
    said = called(house, "enroll", "17:9", "--name", "Ada", "a.jpg", files=[("/home/ada/a.jpg", bare)])
    os.close(bare)
    assert (said.code, said.out) == (1, "")


@pytest.mark.parametrize("name", ["relative", "/home/ada/../../../../../../tmp/out-of-here"])
def test_file_names_lead_out_of_no_folder(house: House, tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_text("no picture")
    with (tmp_path / "a").open("rb") as file:
        said = called(house, "people list", files=[(name, file.fileno())])
    assert (said.code, Path("/tmp/out-of-here").exists()) == (1 if name == "relative" else 0, False)


def _nothing(channel: Channel, _out: int) -> None:
    channel.close()


def _garbage(channel: Channel, _out: int) -> None:
    channel.connection.send(b"\xff{}" * 100)


def _backwards(channel: Channel, _out: int) -> None:
    channel.send(Go())


def _without_streams(channel: Channel, _out: int) -> None:
    channel.send(Begin(b"/", ("utf-8",) * 3, has_terminal=False))


def _foreign_words(channel: Channel, out: int) -> None:
    begin(channel, out)
    channel.send(Asks(waits=True))


def _files_without_descriptors(channel: Channel, out: int) -> None:
    begin(channel, out)
    channel.send(Files((b"/a", b"/b")))


@pytest.mark.parametrize(
    "send", [_nothing, _garbage, _backwards, _without_streams, _foreign_words, _files_without_descriptors]
)
def test_command_that_is_sent_nonsense_ends_and_changes_nothing(
    house: House, send: Callable[[Channel, int], None]
) -> None:
    before = (house.state / "lintel.db").read_bytes()
    assert spoken(house, "people remove", send).code == 1
    assert (house.state / "lintel.db").read_bytes() == before


def test_options_of_the_whole_command_line_are_not_the_clients(house: House, tmp_path: Path) -> None:
    """Words come first, so another store or settings file can't be named behind them."""
    said = called(house, "people list", "--state-dir", str(tmp_path / "other"))
    assert (said.code, "No such option" in said.out) == (2, True)


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "/home/ada/out/../x", "/home/ada/outside"])
def test_operators_program_writes_only_what_was_asked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_text("content")
    descriptor = os.open(tmp_path / "a", os.O_RDONLY)
    with pytest.raises(LintelError, match="not asked for"):
        receive(name, descriptor, Carried((), (), ("/home/ada/out",)))


def test_file_that_a_command_wrote_is_put_where_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("content")
    (tmp_path / "a").chmod(0o600)
    receive(f"{tmp_path}/new/b", os.open(tmp_path / "a", os.O_RDONLY), Carried((), (), (f"{tmp_path}/new",)))
    assert ((tmp_path / "new" / "b").read_text(), (tmp_path / "new" / "b").stat().st_mode & 0o777) == ("content", 0o600)
