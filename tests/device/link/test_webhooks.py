"""Webhooks against real servers on loopback: signed, in order, at least once, and never held up by one event."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from device.errors import LinkError
from device.link.webhooks.address import address_of
from device.link.webhooks.posting import Poster
from device.link.webhooks.signing import keys_in, new_secret
from device.link.webhooks.wire import Webhook, WebhookWire
from tests.device.link.far import OK, Certificate, Far, answer, certificate, far
from tests.device.link.told import duress, event
from tests.waiting import PATIENCE_S


class Bench:
    """A webhook to a far side, on a clock that is moved by hand."""

    def __init__(self, url: str, *, timeout_s: float = PATIENCE_S, ca_file: str = "", **said: Any) -> None:
        self.at = 0.0
        self.lines: list[str] = []
        webhook = Webhook("shop", address_of(url, "webhook shop"), **said)
        poster = Poster(webhook.address, timeout_s=timeout_s, ca_file=ca_file)
        self.wire = WebhookWire(webhook, poster, report=self.lines.append, monotonic=lambda: self.at)
        self.close = self.wire.close

    def refused(self, *numbers: int) -> str:
        """What the objection is when these events are delivered."""
        with pytest.raises(LinkError) as caught:
            self.wire.deliver([event(number) for number in numbers])
        return f"{caught.value.message} {caught.value.hint}"


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(state: Far, path: str = "/hook", **said: Any) -> Bench:
        made.append(Bench(f"http://127.0.0.1:{state.port}{path}", **said))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_reference_library_verifies_each_request(bench: Callable[..., Bench]) -> None:
    secret = new_secret()
    with far() as state:
        bench(state, keys=keys_in(secret, "file")).wire.deliver([event(1), event(2)])
    said = [standardwebhooks.Webhook(secret).verify(one.body, one.headers) for one in state.asked]
    assert [one["data"]["id"] for one in said] == [1, 2]


@pytest.mark.parametrize("known", [0, 1])
def test_both_secrets_verify_during_a_rotation(bench: Callable[..., Bench], known: int) -> None:
    secrets = [new_secret(), new_secret()]
    with far() as state:
        bench(state, keys=keys_in("\n".join(secrets), "file")).wire.deliver([event()])
    (one,) = state.asked
    assert standardwebhooks.Webhook(secrets[known]).verify(one.body, one.headers)["type"] == "decision.denied"


def test_reference_library_refuses_a_changed_body(bench: Callable[..., Bench]) -> None:
    secret = new_secret()
    with far() as state:
        bench(state, keys=keys_in(secret, "file")).wire.deliver([event()])
    (one,) = state.asked
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(one.body.replace(b"denied", b"granted"), one.headers)


def test_id_is_that_of_the_event_each_time(bench: Callable[..., Bench]) -> None:
    with far(answer(503), OK) as state:
        made = bench(state)
        made.refused(7)
        made.wire.deliver([event(7)])
    assert [one.headers["webhook-id"] for one in state.asked] == ["7-abc", "7-abc"]


def test_only_what_did_not_arrive_is_sent_again(bench: Callable[..., Bench]) -> None:
    with far(OK, OK, answer(500), OK) as state:
        made = bench(state)
        made.refused(1, 2, 3, 4)
        made.wire.deliver([event(number) for number in (1, 2, 3, 4)])
    assert [one.headers["webhook-id"] for one in state.asked] == ["1-abc", "2-abc", "3-abc", "3-abc", "4-abc"]


def test_events_share_a_connection(bench: Callable[..., Bench]) -> None:
    with far() as state:
        bench(state).wire.deliver([event(number) for number in range(20)])
    assert (len(state.asked), state.connections) == (20, 1)


def test_connection_that_was_closed_meanwhile_is_no_failure(bench: Callable[..., Bench]) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)

    with far(hang_up, OK) as state:
        made = bench(state)
        made.wire.deliver([event(1)])
        made.wire.deliver([event(2)])
    assert [one.headers["webhook-id"] for one in state.asked] == ["1-abc", "2-abc"]


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_refused_event_is_left_out_after_five_tries(bench: Callable[..., Bench], status: int) -> None:
    with far(*[answer(status)] * 5, OK) as state:
        made = bench(state)
        for _ in range(4):
            made.refused(1, 2)
        made.wire.deliver([event(1), event(2)])
    assert [one.headers["webhook-id"] for one in state.asked] == ["1-abc"] * 5 + ["2-abc"]
    assert made.lines == [
        f"webhook-shop: event 1-abc was left out: http://127.0.0.1:{state.port} refuses it ({status})."
    ]


def test_who_refuses_all_loses_one_event_an_hour(bench: Callable[..., Bench]) -> None:
    with far(answer(400)) as state:
        made = bench(state)
        for turn in range(80):
            made.at = turn * 180.0
            with pytest.raises(LinkError):
                made.wire.deliver([event(number) for number in range(len(made.lines), 1000)])
    assert (len(made.lines), len(state.asked)) == (4, 84)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504])
def test_what_is_not_about_the_event_holds_the_line(bench: Callable[..., Bench], status: int) -> None:
    with far(answer(status)) as state:
        made = bench(state)
        for _ in range(20):
            assert f"answered {status}" in made.refused(1, 2)
    assert {one.headers["webhook-id"] for one in state.asked} == {"1-abc"}


def test_who_wants_no_more_is_not_asked_again(bench: Callable[..., Bench]) -> None:
    with far(answer(410)) as state:
        made = bench(state)
        assert "wants no more events (410)" in made.refused(1)
        made.refused(1)
        with pytest.raises(LinkError):
            made.wire.open()
    assert len(state.asked) == 1


def test_who_asks_to_wait_is_left_alone_until_then(bench: Callable[..., Bench]) -> None:
    with far(answer(429, "retry-after: 120"), OK) as state:
        made = bench(state)
        made.refused(1)
        assert "asks to wait 120 s" in made.refused(1)
        made.at = 121.0
        made.wire.deliver([event(1)])
    assert len(state.asked) == 2


@pytest.mark.parametrize("said", ["999999999999", "-5", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "1e9", "\x7f"])
def test_no_one_can_ask_to_wait_for_more_than_an_hour(bench: Callable[..., Bench], said: str) -> None:
    with far(answer(503, f"retry-after: {said}"), OK) as state:
        made = bench(state)
        made.refused(1)
        made.at = 3601.0
        made.wire.deliver([event(1)])
    assert len(state.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(bench: Callable[..., Bench], status: int) -> None:
    with far() as elsewhere, far(answer(status, f"location: http://127.0.0.1:{elsewhere.port}/")) as state:
        assert f"redirects to another address ({status})" in bench(state, token="secret-token").refused(1)
    assert elsewhere.asked == []


def drip(connection: socket.socket, begin: bytes = b"HTTP/1.1 200 OK\r\nx: ") -> None:
    """A header line that never ends, a letter at a time, each well within any time-out for one read."""
    connection.settimeout(0.02)
    connection.sendall(begin)
    while True:
        connection.sendall(b"a")
        with contextlib.suppress(TimeoutError):
            if not connection.recv(65536):
                return


def hang(connection: socket.socket) -> None:
    connection.recv(1)


def continue_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize("script", [drip, hang, continue_for_ever])
def test_each_request_has_an_end(bench: Callable[..., Bench], script: Callable[[socket.socket], None]) -> None:
    with far(script) as state:
        began = time.monotonic()
        assert "did not answer within 0.3 s" in bench(state, timeout_s=0.3).refused(1)
        assert time.monotonic() - began < PATIENCE_S / 4


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_answer_without_an_end_is_not_read(bench: Callable[..., Bench]) -> None:
    with far(flood, OK) as state:
        bench(state).wire.deliver([event(1), event(2)])
    assert (len(state.asked), state.connections) == (2, 2)


@pytest.mark.parametrize(
    "said",
    [
        reset,
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n" + b"x" * 70000,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 " + b"9" * 70000 + b"\r\n\r\n",
    ],
    ids=("reset", "empty", "ssh", "word", "zeros", "many-headers", "negative-length", "no-chunk", "long-status"),
)
def test_nonsense_is_a_failure_or_an_answer(bench: Callable[..., Bench], said: Any) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)

    with far(said if callable(said) else script) as state, contextlib.suppress(LinkError):
        bench(state, timeout_s=5.0).wire.deliver([event(1)])
    assert len(state.asked) == 1


def test_server_that_is_not_there_is_named_without_its_path() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    with closing(Bench(f"http://127.0.0.1:{port}/T000/B000/secretpath")) as made:
        assert made.refused(1) == (
            f"http://127.0.0.1:{port} can't be reached: connection refused. Check the address and the network."
        )


def _trusting(state: Far, sealed: Certificate) -> Bench:
    return Bench(f"https://127.0.0.1:{state.port}/", ca_file=str(sealed.file))


def test_certificate_of_the_own_authority_is_checked(tmp_path: Path) -> None:
    sealed = certificate(tmp_path)
    with far(tls=sealed.server()) as state:
        with closing(_trusting(state, sealed)) as made:
            made.wire.deliver([event(1), event(2)])
        with closing(Bench(f"https://127.0.0.1:{state.port}/")) as stranger:
            assert "could not prove who it is" in stranger.refused(1)
    assert len(state.asked) == 2


@pytest.mark.parametrize(("names", "lasts_days"), [(("other.example",), 2), ((), -1)])
def test_certificate_of_another_name_or_time_is_refused(
    tmp_path: Path, names: tuple[str, ...], lasts_days: int
) -> None:
    sealed = certificate(tmp_path, *names, lasts_days=lasts_days)
    with far(tls=sealed.server()) as state, closing(_trusting(state, sealed)) as made:
        assert "could not prove who it is" in made.refused(1)
    assert state.asked == []


def test_handshake_has_an_end_too() -> None:
    """Found by reading: urllib3 knows the socket of a handshake only behind it."""

    def listen(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00")
            drip(connection, b"")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=listen, args=(listening,))
        thread.start()
        with closing(Bench(f"https://127.0.0.1:{listening.getsockname()[1]}/", timeout_s=0.3)) as made:
            assert "did not answer within 0.3 s" in made.refused(1)
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_duress_has_to_be_named(bench: Callable[..., Bench]) -> None:
    with far() as state:
        bench(state).wire.deliver([duress()])
        bench(state, words=frozenset({"duress"})).wire.deliver([event(1), duress(2)])
    types = [json.loads(one.body)["type"] for one in state.asked]
    assert types == ["decision.granted", "duress"]
    assert b"duress" not in state.asked[0].body


def test_check_sends_an_event_that_is_marked_as_a_test(bench: Callable[..., Bench]) -> None:
    with far() as state:
        made = bench(state, keys=keys_in(new_secret(), "file"), words=frozenset({"duress"}))
        assert made.wire.check() == f"http://127.0.0.1:{state.port} took a test event (204), signed."
    said = json.loads(state.asked[0].body)
    assert (said["type"], said["data"]["test"]) == ("test", True)


def test_check_says_what_to_do(bench: Callable[..., Bench]) -> None:
    with far(answer(404)) as state, pytest.raises(LinkError) as caught:
        bench(state).wire.check()
    assert caught.value.hint == "Check `url`: there is nothing at this path."


def test_token_is_sent_and_shown_nowhere(bench: Callable[..., Bench]) -> None:
    with far(answer(401)) as state:
        made = bench(state, token="tk_very_secret")
        said = made.refused(1)
    assert state.asked[0].headers["authorization"] == "Bearer tk_very_secret"
    assert "tk_very" not in said


def test_matrix_recognizes_what_comes_twice(bench: Callable[..., Bench]) -> None:
    with far(answer(502), OK) as state:
        made = bench(state, "/rooms/!r:x/send/m.room.message", template="matrix")
        made.refused(3)
        made.wire.deliver([event(3)])
    assert {(one.method, one.path) for one in state.asked} == {("PUT", "/rooms/!r:x/send/m.room.message/3-abc")}


def test_topic_of_ntfy_is_the_end_of_the_address(bench: Callable[..., Bench]) -> None:
    with far() as state:
        bench(state, "/doors", template="ntfy").wire.deliver([replace(event(), reader="")])
    (one,) = state.asked
    assert (one.path, json.loads(one.body)["topic"]) == ("/", "doors")
