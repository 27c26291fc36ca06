"""What the page of a simulation answers and streams, and that nothing hostile gets another answer than a refusal."""

import io
import zlib
from collections.abc import Callable, Iterator, Mapping

import msgspec
import numpy as np
import PIL.Image
import pytest
from starlette.testclient import WebSocketTestSession

from device.errors import ImageError
from device.records import Image
from device.simulation.web.pictures import live_frame, uploaded
from device.simulation.web.requests import ROUTES
from device.vision.faces import FaceAnalyzer
from tests.device.simulation.web.staged import JSON, SHOWN, TOKEN, Staged, staged
from tests.waiting import until

API = [(one.method, one.path.replace("{name}", "eileen-collins").replace("{row}", "1")) for one in ROUTES]


@pytest.fixture(scope="module")
def page(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> Iterator[Staged]:
    with staged(analyzer, portraits) as served:
        yield served


def get(page: Staged, path: str) -> object:
    return msgspec.json.decode(page.client.get(path, headers=SHOWN).content)


def connected(page: Staged) -> WebSocketTestSession:
    return page.client.websocket_connect("/api/stream", headers={"host": "127.0.0.1:8123"})


def until_type(stream: WebSocketTestSession, kind: str) -> dict[str, object]:
    """The next message of that type."""
    while True:
        message = stream.receive()
        if message.get("text") and (said := msgspec.json.decode(message["text"]))["type"] == kind:
            return dict(said)


@pytest.mark.parametrize(("method", "path"), API)
def test_no_request_is_answered_without_the_token(page: Staged, method: str, path: str) -> None:
    before = len(page.world.acts)
    for headers in ({}, {"authorization": "Bearer another"}, {"cookie": f"token={TOKEN}"}):
        answer = page.client.request(method, f"{path}?token={TOKEN}", headers=headers)
        assert (answer.status_code, len(page.world.acts)) == (401, before)


@pytest.mark.parametrize(("method", "path"), API)
def test_request_of_another_site_changes_nothing(page: Staged, method: str, path: str) -> None:
    headers = {**JSON, "origin": "http://attacker.example"}
    assert page.client.request(method, path, headers=headers).status_code == 403


def test_state_of_the_world_is_answered(page: Staged) -> None:
    world = page.client.get("/api/world", headers=SHOWN)
    assert (world.status_code, world.json()["type"]) == (200, "world")


def test_act_reaches_the_world(page: Staged) -> None:
    assert page.post("/api/act", {"command": "lockdown"}) == 204
    assert page.world.acts[-1].command == "lockdown"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"command": 1}',
        b'{"unknown": 1}',
        b'{"command": "lockdown", "at_s": -1}',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"command":' * 5_000,
        b'{"command": "open"}',
        b'{"at_s": 1e999}',
    ],
)
def test_malformed_act_is_refused(page: Staged, body: bytes) -> None:
    answer = page.client.post("/api/act", content=body, headers=JSON)
    assert answer.status_code in (400, 409)
    assert set(answer.json()) == {"what", "hint"}


def test_impossible_act_is_refused_with_a_hint(page: Staged) -> None:
    answer = page.client.post("/api/act", content=b'{"input": "rex"}', headers=JSON)
    assert (answer.status_code, answer.json()["hint"]) == (400, "Command the door.")


@pytest.mark.parametrize("do", ["play", "pause", "step", "record", "stop"])
def test_player_does_what_is_asked(page: Staged, do: str) -> None:
    assert page.post("/api/playback", {"do": do}) == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"do": "seek", "number": 2}, 204),
        ({"do": "seek", "number": 4}, 400),
        ({"do": "seek", "number": -1}, 400),
        ({"do": "speed", "factor": 0}, 400),
        ({"do": "speed", "factor": 1e300}, 400),
        ({"do": "load", "scenario": "../../../etc/passwd"}, 404),
        ({"do": "load", "scenario": "front-door\0"}, 404),
        ({"do": "delete"}, 400),
    ],
)
def test_player_refuses_what_does_not_exist(page: Staged, body: dict[str, object], status: int) -> None:
    assert page.post("/api/playback", body) == status


def test_scenario_is_loaded_by_its_name(page: Staged) -> None:
    assert page.post("/api/playback", {"do": "load", "scenario": "a-working-week"}) == 204
    assert page.staging.opened[-1] == "a-working-week"


def test_world_goes_on_after_a_scenario_that_fails(page: Staged) -> None:
    assert page.post("/api/playback", {"do": "load", "scenario": "getting-in"}) == 400
    assert page.client.get("/api/world", headers=SHOWN).status_code == 200
    assert page.staging.opened[-1] == ""


def test_recording_is_given_as_toml(page: Staged) -> None:
    answer = page.client.get("/api/recording", headers=SHOWN)
    assert (answer.headers["content-type"], answer.text) == ("application/toml", 'title = "Recorded"\n')


def people(page: Staged) -> dict[str, str]:
    answer = page.client.get("/api/people", headers=SHOWN).json()["people"]
    return {badge["badge"]: badge["state"] for person in answer for badge in person["badges"]}


def test_badge_is_issued_suspended_and_revoked(page: Staged) -> None:
    states = []
    for change in ("issue", "suspend", "resume", "revoke", "restore"):
        assert page.post("/api/people", {"do": change, "name": "Eileen Collins", "badge": "17:2002"}) == 204
        states.append(people(page)["17:2002"])
    assert states == ["active", "suspended", "active", "revoked", "active"]


@pytest.mark.parametrize(
    "change",
    [
        {"do": "issue", "name": "Eileen Collins", "badge": "17:1001"},
        {"do": "issue", "name": "A Stranger", "badge": "17:3003"},
        {"do": "revoke", "badge": "17:9999"},
        {"do": "revoke", "badge": "no badge"},
    ],
)
def test_impossible_change_of_a_badge_is_refused(page: Staged, change: dict[str, str]) -> None:
    assert page.post("/api/people", change) == 409


def test_change_of_a_badge_is_in_the_audit_with_its_operator(page: Staged) -> None:
    assert page.post("/api/people", {"do": "issue", "name": "Eileen Collins", "badge": "17:4004"}) == 204
    assert page.world.rows_after(0)[-1].by == "the page of a simulation"


def test_rules_are_answered(page: Staged) -> None:
    assert get(page, "/api/rules") == {"text": "", "schedules": []}


def test_explanation_is_that_of_the_command_line(page: Staged) -> None:
    assert get(page, "/api/explain/1") == {"lines": ["why"]}


@pytest.mark.parametrize("row", ["0", "-1", "x", "1" * 400, "1.0", "%00", "\u0661"])
def test_row_that_is_none_is_not_there(page: Staged, row: str) -> None:
    assert page.client.get(f"/api/explain/{row}", headers=SHOWN).status_code == 404


def png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "gray").save(written, "PNG")
    return written.getvalue()


def bomb() -> bytes:
    """A PNG that announces 50,000 x 50,000 pixels in a few bytes."""
    content = bytearray(png(8, 8))
    content[16:24] = (50_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def upload(page: Staged, content: bytes) -> int:
    return int(page.client.post("/api/pictures", content=content, headers=SHOWN).status_code)


def test_uploaded_picture_can_come_to_the_door(page: Staged) -> None:
    answer = page.client.post("/api/pictures", content=png(3000, 2000), headers=SHOWN)
    name = answer.json()["name"]
    assert page.world.images[name].shape == (853, 1280, 3)
    shown = page.client.get(f"/api/pictures/{name}", headers=SHOWN)
    assert (shown.headers["content-type"], shown.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bomb(), id="bomb"),
        pytest.param(b"GIF89a\xff\xff\xff\xff\0\0\0", id="gif"),
        pytest.param(b"II*\0\x08\0\0\0", id="tiff"),
        pytest.param(b"PK\x03\x04" + bytes(1000), id="zip"),
        pytest.param(b"<svg onload='alert(1)'>", id="svg"),
        pytest.param(png(64, 64)[:100], id="truncated"),
        pytest.param(b"\xff\xd8\xff" + bytes(10_000), id="jpeg"),
        pytest.param(b"8BPS" + bytes(100), id="psd"),
    ],
)
def test_what_is_no_picture_is_refused(page: Staged, content: bytes) -> None:
    before = set(page.world.images)
    assert (upload(page, content), set(page.world.images)) == (400, before)


@pytest.mark.parametrize("size", [(1, 1), (1, 1414), (1414, 1), (15, 60), (16, 129), (2, 60_000)])
@pytest.mark.parametrize("decode", [uploaded, live_frame])
def test_strip_of_a_picture_is_refused(decode: Callable[[bytes], Image], size: tuple[int, int]) -> None:
    strip = io.BytesIO()
    PIL.Image.new("RGB", size).save(strip, "JPEG")
    with pytest.raises(ImageError, match="16 or more"):
        decode(strip.getvalue())


def test_crowd_before_the_camera_is_refused(page: Staged) -> None:
    assert page.post("/api/act", {"view": [{"image": "eileen-collins"}] * 21}) == 400


def test_oversized_upload_is_refused(page: Staged) -> None:
    assert upload(page, b"\xff\xd8\xff" + bytes(10_000_000)) == 413


@pytest.mark.parametrize("name", ["nobody", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "upload-1%2f.."])
def test_picture_of_another_name_is_not_there(page: Staged, name: str) -> None:
    assert page.client.get(f"/api/pictures/{name}", headers=SHOWN).status_code == 404


def test_enrollment_needs_the_consent(page: Staged) -> None:
    wanted = {"do": "start", "name": "Grace", "badge": "17:5001"}
    answer = page.client.post("/api/enrollment", json=wanted, headers=SHOWN)
    assert (answer.status_code, answer.json()["what"]) == (409, "The person has not agreed to a text.")


def test_enrollment_ends_with_the_world_it_began_in(page: Staged) -> None:
    agreed = {"do": "start", "name": "Grace", "badge": "17:5001", "basis_text_version": "2026-01"}
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        until_type(stream, "chain")
        assert page.post("/api/enrollment", agreed) == 204
        assert page.post("/api/playback", {"do": "load", "scenario": "a-working-week"}) == 204
        while (said := until_type(stream, "enrolling"))["stage"] != "refused":
            pass
    assert said["words"] == "The world began again; nothing was stored."
    assert (page.post("/api/enrollment", agreed), page.post("/api/enrollment", {"do": "cancel"})) == (204, 204)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/people", {"do": "revoke", "badge": "17:1001"}),
        ("/api/enrollment", {"do": "start", "name": "G", "badge": "17:5001", "basis_text_version": "1"}),
    ],
)
def test_people_stay_as_they_are_in_a_recording(page: Staged, path: str, body: dict[str, str]) -> None:
    assert page.post("/api/playback", {"do": "record"}) == 204
    assert page.post(path, body) == 400
    assert page.post("/api/playback", {"do": "stop"}) == 204


def test_stream_begins_with_how_everything_is(page: Staged) -> None:
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        kinds = [msgspec.json.decode(stream.receive_text())["type"] for _ in range(3)]
    assert kinds == ["hello", "world", "levels"]


def test_event_reaches_every_open_page(page: Staged) -> None:
    with connected(page) as one, connected(page) as another:
        for stream in (one, another):
            stream.send_text(f'{{"token": "{TOKEN}"}}')
            until_type(stream, "chain")
        assert page.post("/api/act", {"command": "lockdown"}) == 204
        assert [until_type(stream, "event")["row"]["event"] for stream in (one, another)] == ["door-commanded"] * 2  # type: ignore[index]


def test_pictures_are_streamed_with_their_time(page: Staged) -> None:
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        while not (content := stream.receive().get("bytes")):
            pass
    assert (content[0], content[9:12]) == (1, b"\xff\xd8\xff")


def test_page_opened_while_time_stands_still_has_the_picture(page: Staged) -> None:
    assert page.post("/api/playback", {"do": "pause"}) == 204
    for _ in range(2):
        with connected(page) as stream:
            stream.send_text(f'{{"token": "{TOKEN}"}}')
            while not (content := stream.receive().get("bytes")):
                pass
            assert content[0] == 1


def test_frame_of_the_browser_reaches_the_world(page: Staged) -> None:
    frame = io.BytesIO()
    PIL.Image.fromarray(np.full((48, 64, 3), 128, np.uint8)).save(frame, "JPEG")
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        stream.send_bytes(frame.getvalue())
        until(lambda: page.world.live)
    assert page.world.live[-1].shape == (48, 64, 3)


def test_frame_that_is_none_is_said_to_be_so(page: Staged) -> None:
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        until_type(stream, "chain")
        stream.send_bytes(bomb())
        assert until_type(stream, "said")["is_error"] is True


def test_stream_that_says_something_else_is_closed(page: Staged) -> None:
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        until_type(stream, "chain")
        stream.send_text('{"badge": "17:1001"}')
        while (message := stream.receive())["type"] != "websocket.close":
            pass
    assert message["code"] == 1008


def test_chain_is_verified_for_all_to_see(page: Staged) -> None:
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        until_type(stream, "chain")
        assert page.client.post("/api/chain", headers=JSON).status_code == 204
        assert until_type(stream, "chain")["is_whole"] is True


def test_page_that_goes_away_leaves_nothing(page: Staged) -> None:
    with connected(page) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        until_type(stream, "world")
    until(lambda: page.page.stream.listeners == 0)
