"""Syslog against real receivers on loopback, its messages read by the standard's grammar."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import LinkError
from device.link.events import LinkEvent, Severity
from device.link.syslog.format import Look, message
from device.link.syslog.line import DatagramLine, StreamLine
from device.link.syslog.wire import SyslogWire
from device.link.tls import trusting
from tests.device.link.far import Certificate, certificate
from tests.device.link.told import duress, event
from tests.waiting import PATIENCE_S, until

NAME = r"[!-<>-\\^-~]{1,32}"  # RFC 5424, 6: printable ASCII but '=', ']', '"' (its grammar has them by number)
PARAM = r'(?:[^"\\\]]|\\["\\\]])*'
ELEMENT = rf'\[{NAME}(?: {NAME}="{PARAM}")*\]'
MESSAGE = re.compile(
    r"<(?P<pri>0|[1-9]\d{0,2})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) "
    r"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<kind>[!-~]{1,32}) "
    rf"(?P<elements>(?:{ELEMENT})+) (?P<said>.*)"
)
"""The grammar of RFC 5424, section 6, for messages with structured data."""
CEF = re.compile(r"CEF:0((?:\|(?:[^|\\]|\\.)*){6})\|(.*)")
LOOK = Look(hostname="door-pi", version="0.1.0")
TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
NASTY = st.sampled_from(
    [
        "a|b",
        "a=b",
        'quo"te',
        "br]acket",
        "back\\slash",
        "new\nline",
        "\r\n<34>1 - - - - - -",
        "\u202egnp.exe",
        "\x00",
        "\ud800",
    ]
)


def elements(data: bytes) -> dict[str, dict[str, str]]:
    """Structured data, read by the grammar, without its escapes."""
    found = MESSAGE.fullmatch(data.decode())
    assert found is not None, data
    return {
        one[0]: {name: re.sub(r"\\(.)", r"\1", text) for name, text in re.findall(rf'({NAME})="({PARAM})"', one[1])}
        for one in re.findall(rf'\[({NAME})((?: {NAME}="{PARAM}")*)\]', found["elements"])
    }


def own(data: bytes) -> dict[str, str]:
    """The fields of the event."""
    return elements(data)["lintel@32473"]


def cef_fields(data: bytes) -> dict[str, str]:
    """The extension of CEF: a key begins behind a space and ends at an equal sign that is not escaped."""
    found = CEF.fullmatch(data[data.index(b"CEF:") :].decode())
    assert found is not None, data
    parts = re.split(r"(?:^| )([A-Za-z0-9]+)(?<!\\)=", found[2])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_message_is_as_agreed() -> None:
    assert message(event(4711), LOOK).decode() == (
        "<85>1 2026-11-30T10:00:00.123456Z door-pi lintel - decision "
        '[meta sequenceId="4711"][origin software="Lintel" swVersion="0.1.0"]'
        '[lintel@32473 id="4711" uid="4711-abc" severity="notice" door="main" reader="front" outcome="denied" '
        'reason="non-match"] \ufeffmain: denied, non match, reader front, 2026-11-30 10:00:00 UTC'
    )


@given(TEXT | NASTY, TEXT | NASTY, TEXT | NASTY)
def test_any_text_is_read_back_by_the_grammar(person: str, door: str, kind: str) -> None:
    one = event(person=person, door=door, kind=kind)
    data = message(one, LOOK)
    assert own(data).get("id") == "1"
    assert set(own(data)) <= {"id", "uid", "severity", "door", "reader", "outcome", "reason", "person"}
    assert not re.search(b"[\x00-\x1f\x7f]", data)


@given(st.text('ab"]\\=|', max_size=20))
def test_escapes_are_undone_by_the_reader(person: str) -> None:
    assert own(message(event(person=person), LOOK)).get("person", "") == person


@given(TEXT | NASTY, TEXT | NASTY)
def test_cef_has_its_fields_whatever_the_text(person: str, detail: str) -> None:
    one = event(person=person, detail=detail)
    data = message(one, Look(form="cef", version="0.1.0"))
    read = cef_fields(data)
    assert (read["externalId"], read["outcome"], read["cs2Label"], read["cs2"]) == ("1", "denied", "door", "main")
    assert not re.search(b"[\x00-\x1f\x7f]", data)


@pytest.mark.parametrize(
    ("severity", "number"),
    [(Severity.INFO, 6), (Severity.NOTICE, 5), (Severity.WARNING, 4), (Severity.ALARM, 2), (Severity.URGENT, 1)],
)
def test_priority_has_facility_and_severity(severity: Severity, number: int) -> None:
    data = message(event(severity=severity), Look(facility="local3"))
    assert data.startswith(b"<%d>1 " % (19 * 8 + number))


@given(st.integers(0, 2**63))
def test_sequence_is_within_what_the_standard_allows(number: int) -> None:
    said = elements(message(event(number), LOOK))["meta"]["sequenceId"]
    assert 1 <= int(said) <= 2**31 - 1


@given(TEXT, st.integers(600, 2048))
def test_words_are_cut_for_a_datagram_and_nothing_else(detail: str, most: int) -> None:
    one = event(detail=f"{detail}{'ü' * 500}", by="ä" * 50)
    data = message(one, LOOK, most)
    assert len(data) <= most
    assert own(data) == own(message(one, LOOK))


class Receiver:
    """Reads messages by octet counting, as RFC 5425 and RFC 6587 have it."""

    def __init__(self, connection: socket.socket) -> None:
        self.file = connection.makefile("rb")

    def each(self, count: int) -> Iterator[bytes]:
        """As many, or those that come until the other end hangs up."""
        return islice(iter(self._one, b""), count)

    def _one(self) -> bytes:
        digits = b""
        while not digits.endswith(b" "):
            one = self.file.read(1)
            if not one:
                return b""
            digits += one
        return self.file.read(int(digits))


@contextmanager
def receiving(sealed: Certificate | None = None, most: int = 1000) -> Iterator[tuple[int, list[list[bytes]]]]:
    """A receiver that hangs up behind so many messages of a connection."""
    got: list[list[bytes]] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            if sealed is not None:
                connection = sealed.server().wrap_socket(connection, server_side=True)
            with connection:
                receiver = Receiver(connection)
                with closing(receiver.file):
                    got.append([])
                    for one in receiver.each(most):
                        got[-1].append(one)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], got
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def ids(got: list[bytes]) -> list[str]:
    return [own(one)["id"] for one in got]


def test_messages_come_over_tcp_in_order() -> None:
    with receiving() as (port, got), closing(SyslogWire(StreamLine("127.0.0.1", port), LOOK)) as wire:
        wire.open()
        wire.deliver([event(1), event(2)])
        wire.deliver([event(3)])
        until(partial(_has, got, "3"))
        wire.close()
    assert [ids(one) for one in got] == [["1", "2", "3"]]


def test_messages_come_over_tls_from_whom_is_trusted(tmp_path: Path) -> None:
    import ssl

    sealed = certificate(tmp_path)
    context = trusting(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file=str(sealed.file))
    with receiving(sealed) as (port, got), closing(StreamLine("127.0.0.1", port, context)) as line:
        wire = SyslogWire(line, LOOK)
        wire.open()
        wire.deliver([event(1), event(2), event(3)])
        until(partial(_has, got, "3"))
        wire.close()
    assert [ids(one) for one in got] == [["1", "2", "3"]]


def test_receiver_that_can_not_prove_its_name_gets_nothing(tmp_path: Path) -> None:
    import ssl

    sealed = certificate(tmp_path, "other.example")
    context = trusting(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file=str(sealed.file))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_shake, args=(listening, sealed))
        thread.start()
        with pytest.raises(LinkError, match="could not prove who it is"):
            StreamLine("127.0.0.1", listening.getsockname()[1], context).open()
        thread.join(PATIENCE_S)


def _shake(listening: socket.socket, sealed: Certificate) -> None:
    connection, _ = listening.accept()
    try:
        sealed.server().wrap_socket(connection, server_side=True)
    except OSError:
        connection.close()


def test_what_a_receiver_did_not_take_comes_again() -> None:
    """It hangs up behind each three: every event arrives, in order, though some twice."""
    with receiving(most=3) as (port, got), closing(SyslogWire(StreamLine("127.0.0.1", port), LOOK)) as wire:
        wire.open()
        for number in range(1, 13):
            _delivered(wire, [event(number)])
            until(partial(_has, got, str(number)))
        wire.close()
    assert list(dict.fromkeys(number for batch in got for number in ids(batch))) == [str(one) for one in range(1, 13)]


def _has(got: list[list[bytes]], number: str) -> bool:
    return any(number in ids(list(batch)) for batch in got)


def _delivered(wire: SyslogWire, events: list[LinkEvent]) -> None:
    """As the link does it: after a failure it closes, opens and sends all again."""
    for _ in range(10):
        try:
            return wire.deliver(events)
        except LinkError:
            wire.close()
            wire.open()
    raise AssertionError("never delivered")


def test_receiver_that_reads_nothing_is_a_failure_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line = StreamLine("127.0.0.1", listening.getsockname()[1], timeout_s=0.2)
        with closing(line):
            line.open()
            with pytest.raises(LinkError, match=r"can't be reached: (timed out|it acknowledges nothing)"):
                line.send([b"x" * 100_000] * 200)


def test_receiver_that_is_not_there_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(LinkError, match=f"The syslog at 127.0.0.1:{port} can't be reached: Connection refused"):
        StreamLine("127.0.0.1", port).open()


def test_messages_come_by_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(PATIENCE_S)
        with closing(SyslogWire(DatagramLine("127.0.0.1", receiver.getsockname()[1]), LOOK)) as wire:
            wire.open()
            wire.deliver([event(1), event(2)])
            assert "which never says whether it arrives" in wire.check()
        assert ids([receiver.recv(4096), receiver.recv(4096), receiver.recv(4096)]) == ["1", "2", "0"]


def test_duress_has_to_be_named() -> None:
    class Kept:
        def __init__(self) -> None:
            self.said: list[bytes] = []

        def open(self) -> None:
            pass

        def send(self, messages: Any) -> None:
            self.said.extend(messages)

        def close(self) -> None:
            pass

    line = Kept()
    SyslogWire(line, LOOK).deliver([duress(1)])
    SyslogWire(line, LOOK, frozenset({"duress"})).deliver([duress(2)])
    assert [own(one)["reason"] for one in line.said] == ["pin", "duress"]


def test_check_says_what_to_look_for() -> None:
    with receiving() as (port, got), closing(SyslogWire(StreamLine("127.0.0.1", port), LOOK)) as wire:
        said = [wire.check()]
        until(partial(_has, got, "0"))
    assert re.fullmatch(r"The receiver's system took a test message; look for test-[0-9a-f]{16} there\.", said[0])
