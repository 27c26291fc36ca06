"""Lines for the journal: stable fields by its own socket, plain lines where there is none."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.journal import FIELDS, Entry, Journal, JournalEvent, datagram_of
from tests.waiting import PATIENCE_S

E = JournalEvent


def fields_of(datagram: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in datagram.decode().splitlines())


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    """Takes datagrams."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.settimeout(PATIENCE_S)
        yield listening


def test_line_with_its_fields_reaches_the_journal(journald: socket.socket, tmp_path: Path) -> None:
    line = Entry.of("Door main: gone.", E.PART_FAILED, ["side", "main"])
    Journal(tmp_path / "socket").put(line)
    assert fields_of(journald.recv(65536)) == {
        "MESSAGE": "Door main: gone.",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "lintel",
        "LINTEL_EVENT": "part-failed",
        "LINTEL_DOOR": "main,side",
    }


def test_plain_line_is_a_note() -> None:
    told = fields_of(datagram_of("The doors are in operation."))
    assert (told["LINTEL_EVENT"], told["PRIORITY"], "LINTEL_DOOR" in told) == ("note", "6", False)


@pytest.mark.parametrize(
    "hostile", ["a\nPRIORITY=0\nLINTEL_EVENT=granted", "a\r\x0bb\x1ec", "\u2028x\x85y", "x" * 100_000]
)
def test_no_text_adds_a_field(hostile: str) -> None:
    line = Entry.of(hostile, E.DENIED, [hostile], reason=hostile)
    datagram = datagram_of(line)
    names = [part.partition(b"=")[0] for part in datagram.rstrip(b"\n").split(b"\n")]
    assert names == [
        b"MESSAGE",
        b"PRIORITY",
        b"SYSLOG_IDENTIFIER",
        b"LINTEL_EVENT",
        b"LINTEL_DOOR",
        b"LINTEL_REASON",
    ]
    assert len(datagram) < 60_000


def test_password_of_an_address_is_in_no_field() -> None:
    assert b"secret" not in datagram_of(Entry.of("camera rtsp://eve:secret@10.0.0.9/ is away", E.PART_FAILED))


def test_each_field_that_is_sent_is_in_the_table() -> None:
    line = Entry.of("x", E.GRANTED, ["main"], reader="out", reason="match", waited_ms="312")
    assert set(FIELDS) == set(line.fields) | {"LINTEL_EVENT"}


def test_journal_that_is_gone_leaves_a_plain_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal(tmp_path / "nowhere").put(Entry.of("Door main: gone.", E.PART_FAILED))
    assert capsys.readouterr().err == "Door main: gone.\n"


@pytest.mark.parametrize(("err", "where"), [(True, "err"), (False, "out")])
def test_without_a_journal_lines_are_printed(err: bool, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    Journal(None).put("x", err=err)
    assert getattr(capsys.readouterr(), where) == "x\n"


@pytest.mark.parametrize(("stream", "is_journal"), [("mine", True), ("1:2", False), ("", False)])
def test_journal_is_used_where_standard_error_is_its_stream(
    stream: str, is_journal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journald: socket.socket
) -> None:
    with (tmp_path / "stream").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        status = os.fstat(file.fileno())
        said = f"{status.st_dev}:{status.st_ino}" if stream == "mine" else stream
        monkeypatch.setenv("JOURNAL_STREAM", said)
        monkeypatch.setattr("device.journal.SOCKET", tmp_path / "socket")
        Journal.of_environment().put("x")
        monkeypatch.undo()
    journald.setblocking(False)
    came = bool(journald.recv(100)) if is_journal else not (tmp_path / "stream").read_text()
    assert came is is_journal
