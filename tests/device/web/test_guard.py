"""Who may speak to a page: nothing passes without its token, from another site or host, or beyond its limits."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from device.web.guard import Gate, Guard
from tests.device.web.asked import AUTHORIZED, HOST, JSON, PORT, TOKEN, converse, request

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Behind:
    """An application that says what has reached it."""

    def __init__(self) -> None:
        self.reached: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            while message["type"] != "websocket.disconnect":
                self.reached.append(message["type"].encode())
                message = await receive()
            return
        self.reached.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"passed"})


def guarded(*, body_s: float = 20.0, token_s: float = 5.0) -> tuple[Guard, Behind]:
    behind = Behind()
    return Guard(behind, Gate(PORT, TOKEN), body_s=body_s, token_s=token_s), behind


def status(path: str, headers: Mapping[str, str], *, method: str = "GET", body: tuple[bytes, ...] = (b"",)) -> int:
    """The status of an answer; what was refused has reached nothing."""
    guard, behind = guarded()
    answer = request(guard, path, method=method, headers=dict(headers), body=body)
    assert bool(behind.reached) == (answer.status == 200)
    return answer.status


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"[::1]:{PORT}", f"LOCALHOST:{PORT}"])
def test_page_answers_to_its_own_names(host: str) -> None:
    assert status("/api/world", {**AUTHORIZED, "host": host}) == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        f"127.0.0.1:{PORT + 1}",
        f"attacker.example:{PORT}",
        f"127.0.0.1.attacker.example:{PORT}",
        f"localhost:{PORT}@attacker.example",
        f"0.0.0.0:{PORT}",
        f"127.0.0.1:{PORT}, attacker.example",
    ],
)
def test_name_that_is_rebound_is_refused(host: str) -> None:
    assert status("/", {"host": host}) == 421
    assert status("/api/world", {**AUTHORIZED, "host": host}) == 421


def test_request_without_host_is_refused() -> None:
    assert status("/", {}) == 421


@pytest.mark.parametrize(
    "origin",
    ["null", "http://attacker.example", "https://" + HOST, f"http://127.0.0.1:{PORT + 1}", "http://127.0.0.1", ""],
)
@pytest.mark.parametrize("path", ["/", "/api/world"])
def test_foreign_origin_is_refused(origin: str, path: str) -> None:
    assert status(path, {**AUTHORIZED, "origin": origin}) == 403


def test_own_origin_passes() -> None:
    assert status("/api/world", {**AUTHORIZED, "origin": f"http://{HOST}"}) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_request_of_another_site_is_refused(site: str) -> None:
    assert status("/api/act", {**JSON, "sec-fetch-site": site}, method="POST") == 403


@pytest.mark.parametrize(
    "shown",
    ["", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer \xff"],
)
def test_wrong_token_is_refused(shown: str) -> None:
    assert status("/api/world", {"host": HOST, "authorization": shown}) == 401


def test_token_counts_in_its_header_alone() -> None:
    headers = {"host": HOST, "cookie": f"token={TOKEN}"}
    assert status(f"/api/world?token={TOKEN}", headers) == 401


def test_files_need_no_token() -> None:
    assert status("/app.js", {"host": HOST}) == 200


@given(st.text(max_size=60).filter(lambda text: text != TOKEN))
def test_no_other_token_is_accepted(token: str) -> None:
    assert not Gate(PORT, TOKEN).accepts(token)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_form_of_another_site_is_refused(kind: str) -> None:
    """What a browser sends across sites without a preflight."""
    assert status("/api/act", {**AUTHORIZED, "content-type": kind}, method="POST") == 415


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "TRACE", "PATCH", "CONNECT", "get"])
def test_other_methods_are_refused(method: str) -> None:
    assert status("/api/act", {**JSON, "access-control-request-method": "POST"}, method=method) == 405


@pytest.mark.parametrize(("path", "most"), [("/api/act", 65_536), ("/api/pictures", 10_000_000)])
def test_oversized_body_is_refused_before_it_is_read(path: str, most: int) -> None:
    guard, behind = guarded()
    answer = request(guard, path, method="POST", headers={**JSON, "content-length": str(most + 1)}, body=())
    assert (answer.status, behind.reached) == (413, [])


@pytest.mark.parametrize(("path", "parts"), [("/api/act", 17), ("/api/pictures", 2442)])
def test_oversized_body_of_unknown_length_is_refused(path: str, parts: int) -> None:
    assert status(path, JSON, method="POST", body=(b"x" * 4096,) * parts) == 413


@pytest.mark.parametrize(("path", "size"), [("/api/act", 65_536), ("/api/pictures", 10_000_000)])
def test_body_up_to_the_limit_passes(path: str, size: int) -> None:
    assert status(path, JSON, method="POST", body=(b"x" * size,)) == 200


def test_slow_body_is_given_up() -> None:
    guard, behind = guarded(body_s=0.01)
    answer = request(guard, "/api/act", method="POST", headers=JSON, body=(b"{", b"..."))
    assert (answer.status, behind.reached) == (408, [])


@pytest.mark.parametrize(
    ("path", "headers"), [("/", {"host": HOST}), ("/api/world", {"host": HOST}), ("/", {}), ("/api/world", AUTHORIZED)]
)
def test_every_answer_has_the_headers(path: str, headers: dict[str, str]) -> None:
    guard, _ = guarded()
    answer = request(guard, path, headers=headers).headers
    assert answer["content-security-policy"] == POLICY
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["cross-origin-opener-policy"] == "same-origin"
    assert answer["cross-origin-resource-policy"] == "same-origin"
    assert answer["x-frame-options"] == "DENY"
    assert answer["permissions-policy"].startswith("camera=(self), microphone=()")
    assert answer["cache-control"] == "no-store"


def test_refusal_says_what_to_do() -> None:
    guard, _ = guarded()
    answer = request(guard, "/api/world", headers={"host": HOST})
    assert msgspec.json.decode(answer.body) == {
        "what": "The request does not show this page's token.",
        "hint": "Open the address that Lintel printed when it started.",
    }


def test_token_is_in_no_representation() -> None:
    assert TOKEN not in repr(Gate(PORT, TOKEN))


def text(content: str) -> Message:
    return {"type": "websocket.receive", "text": content}


SHOWN = text(f'{{"token": "{TOKEN}"}}')


def test_websocket_with_its_token_passes() -> None:
    guard, behind = guarded()
    sent = converse(guard, "/api/stream", headers={"host": HOST, "origin": f"http://{HOST}"}, said=[SHOWN, text("x")])
    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert behind.reached == [b"websocket.connect", b"websocket.receive"]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example"},
        {"host": HOST, "origin": "http://attacker.example"},
        {"host": HOST, "origin": "null"},
        {"host": HOST, "sec-fetch-site": "cross-site"},
    ],
)
def test_websocket_from_elsewhere_is_never_accepted(headers: dict[str, str]) -> None:
    guard, behind = guarded()
    sent = converse(guard, "/api/stream", headers=headers, said=[SHOWN])
    assert ([message["type"] for message in sent], behind.reached) == (["websocket.close"], [])


@pytest.mark.parametrize(
    "first",
    [
        text(""),
        text("{"),
        text('{"token": "another"}'),
        text(f'{{"token": "{TOKEN}", "more": 1}}'),
        text(f'{{"token": ["{TOKEN}"]}}'),
        text("[" * 60_000),
        text("\ud800"),
        {"type": "websocket.receive", "bytes": f'{{"token": "{TOKEN}"}}'.encode()},
    ],
)
def test_websocket_that_shows_no_token_is_closed(first: Message) -> None:
    guard, behind = guarded()
    sent = converse(guard, "/api/stream", headers={"host": HOST}, said=[first, SHOWN])
    assert (sent[-1]["type"], sent[-1].get("code"), behind.reached) == ("websocket.close", 1008, [])


def test_websocket_that_says_nothing_is_closed() -> None:
    guard, behind = guarded(token_s=0.01)
    sent = converse(guard, "/api/stream", headers={"host": HOST}, said=[{"type": "never"}])
    assert (sent[-1]["type"], behind.reached) == ("websocket.close", [])


def test_websocket_exists_under_the_api_alone() -> None:
    guard, behind = guarded()
    sent = converse(guard, "/", headers={"host": HOST}, said=[SHOWN])
    assert ([message["type"] for message in sent], behind.reached) == (["websocket.close"], [])
