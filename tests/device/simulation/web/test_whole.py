"""The page with a whole virtual door behind it: a badge opens, someone is enrolled by camera, a step is sought."""

from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest
from starlette.testclient import TestClient

from device.settings.tables import Settings
from device.simulation.web.app import SimulationApp
from device.simulation.web.driver import Driver
from device.simulation.web.opening import Worlds
from device.web.guard import Gate, Guard
from tests.device.simulation.web.staged import ADDRESS, JSON, PORT, TOKEN
from tests.waiting import until

FACE = {"image": "eileen", "as": "person", "to": {"x": 0.5, "y": 0.9, "size": 1.6}}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    page = SimulationApp(
        lambda publisher: Driver(Worlds(None, Settings()), publisher), explain=lambda *_: (), version="0"
    )
    with closing(page.driver), TestClient(Guard(page.app, Gate(PORT, TOKEN)), base_url=ADDRESS) as opened:
        page.driver.start().result(60)
        yield opened


def post(client: TestClient, path: str, body: object) -> int:
    return int(client.post(path, content=msgspec.json.encode(body), headers=JSON).status_code)


def messages(client: TestClient, until_so: str, *acts: tuple[str, object]) -> list[dict[str, object]]:
    """What the stream says after these acts, up to a message that has that in it."""
    found: list[dict[str, object]] = []
    with client.websocket_connect("/api/stream", headers={"host": f"127.0.0.1:{PORT}"}) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        while '"chain"' not in (stream.receive().get("text") or ""):
            pass
        for path, body in acts:
            assert post(client, path, body) == 204
        while True:
            text = stream.receive().get("text") or ""
            if text:
                found.append(msgspec.json.decode(text))
            if until_so in text:
                return found


def test_badge_of_someone_who_is_there_opens_the_door(client: TestClient) -> None:
    """Its levels, its row and the state of the door come to the page."""
    found = messages(
        client,
        '"lock":"released"',
        ("/api/act", {"view": [FACE | {"turns": "when-asked"}]}),
        ("/api/act", {"badge": "17:1001"}),
    )
    assert {"world", "seen", "event", "levels"} <= {str(message["type"]) for message in found}


def test_person_is_guided_through_an_enrollment(client: TestClient) -> None:
    """By the code of `lintel enroll`: who consents and turns as asked is enrolled, with the row that says so."""
    walks = FACE | {
        "image": "grace",
        "from": {"x": 0.4, "y": 0.85, "size": 1.1},
        "to": {"x": 0.5, "y": 0.9, "size": 1.9},
        "walk_s": 20.0,
    }
    wanted = {"do": "start", "name": "Grace Again", "badge": "17:2345", "pictures": [], "basis_text_version": "1"}
    found = messages(
        client,
        '"enrolled"',
        ("/api/act", {"view": [walks]}),
        ("/api/playback", {"do": "speed", "factor": 4.0}),
        ("/api/enrollment", wanted),
    )
    stages = [message["stage"] for message in found if message["type"] == "enrolling"]
    assert (stages[0], stages[-1]) == ("asked", "enrolled")
    people = client.get("/api/people", headers=JSON).json()["people"]
    assert [one["references"] for one in people if one["name"] == "Grace Again"] == [3]


def test_step_is_sought_and_recording_begins_anew(client: TestClient) -> None:
    assert post(client, "/api/playback", {"do": "seek", "number": 1}) == 204
    assert client.get("/api/world", headers=JSON).json()["speed"] == 0
    assert post(client, "/api/playback", {"do": "record"}) == 204
    assert post(client, "/api/act", {"command": "lockdown"}) == 204
    until(lambda: client.get("/api/world", headers=JSON).json()["doors"][0]["state"] == "lockdown")
    assert post(client, "/api/playback", {"do": "stop"}) == 204
    assert 'command = "lockdown"' in client.get("/api/recording", headers=JSON).text
