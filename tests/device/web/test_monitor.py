"""The monitor's page: it says how the doors are and when they can't be asked, and can do nothing."""

import ast
import json
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.control.desk import door_desk
from device.control.messages import Request, Rewound, Start, Trouble
from device.control.protocol import VERBS
from device.control.roles import VERB_ROLES
from device.control.server import ControlServer
from device.errors import LintelError
from device.records import Role
from device.web.guard import Gate, Guard
from device.web.messages import World
from device.web.monitor import Ended, Monitor, ServiceGlass, monitor_app
from device.web.pages import page_files
from tests.device.control.bench import Notes, ToldDoor
from tests.device.web.asked import AUTHORIZED, HOST, JSON, PORT, TOKEN, converse, request
from tests.device.web.seen import SeenService, row, watched
from tests.waiting import until

WEB = Path(__file__).parents[3] / "device" / "web"
SHOWN = {"type": "websocket.receive", "text": json.dumps({"token": TOKEN})}
OTHERS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")


def page(monitor: Monitor) -> Guard:
    return Guard(monitor_app(monitor), Gate(PORT, TOKEN))


def lines(monitor: Monitor) -> list[dict[str, Any]]:
    """What a browser is sent that stays until the monitor has said how everything is."""
    sent = converse(page(monitor), "/api/stream", headers={"host": HOST}, said=[SHOWN, {"type": "never"}])
    return [json.loads(each["text"]) for each in sent if "text" in each]


def test_page_has_no_other_route_than_these() -> None:
    paths = {getattr(route, "path", "") for route in monitor_app(watched(SeenService())).routes}
    assert paths == {*page_files(), "/api/world", "/api/stream"}


def test_no_route_takes_anything() -> None:
    methods = [getattr(route, "methods", None) for route in monitor_app(watched(SeenService())).routes]
    assert {frozenset(each) for each in methods if each} == {frozenset({"GET", "HEAD"})}


@pytest.mark.parametrize("method", OTHERS)
def test_no_other_method_is_answered(method: str) -> None:
    app = page(watched(SeenService()))
    statuses = {request(app, path, method=method, headers=JSON).status for path in ("/", "/api/world", "/api/act")}
    assert statuses <= {404, 405}


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"status", "subscribe"}))
def test_no_verb_but_two_can_be_reached(tmp_path: Path, verb: str) -> None:
    door = ToldDoor()
    server = ControlServer(tmp_path / "control.sock", door_desk({"main": door}, Notes()))
    try:
        app = page(Monitor(ServiceGlass(tmp_path / "control.sock", threading.Event()), "1", threading.Event()))
        body = json.dumps({"v": 1, "verb": verb, "door": "main", "do": verb, "command": verb}).encode()
        for path in ("/api/act", f"/api/{verb}", "/api/world", "/api/stream", "/api/playback", f"/{verb}"):
            assert request(app, path, method="POST", headers=JSON, body=[body]).status in (404, 405)
            assert request(app, path, headers=AUTHORIZED).status in (200, 404)
    finally:
        server.close()
    assert door.told == []


def test_its_code_knows_two_requests_alone() -> None:
    """Also what is added later: a request of another kind would have to be named in device/web."""
    kinds = {kind.__name__ for kind in _below(Request)}
    named = {
        node.id
        for path in WEB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name)
    }
    assert named & kinds == {"Status"}


def _below(kind: type) -> set[type]:
    found: set[type] = set(kind.__subclasses__())
    return found.union(*map(_below, found))


def test_its_units_role_may_look_alone() -> None:
    assert {verb for verb, roles in VERB_ROLES.items() if Role.WATCH in roles} == {"status", "subscribe"}


def test_browser_that_sends_something_is_hung_up_on() -> None:
    said = [SHOWN, {"type": "websocket.receive", "text": json.dumps({"command": "release", "door": "main"})}]
    sent = converse(page(watched(SeenService())), "/api/stream", headers={"host": HOST}, said=said)
    assert sent[-1]["type"] == "websocket.close"


def test_state_of_the_doors_is_answered() -> None:
    monitor = watched(SeenService())
    monitor.look()
    answer = json.loads(request(page(monitor), "/api/world", headers=AUTHORIZED).body)
    assert [(door["name"], door["state"], door["lock"]) for door in answer["doors"]] == [("main", "locked", "secure")]


def test_state_takes_the_token() -> None:
    assert request(page(watched(SeenService())), "/api/world", headers={"host": HOST}).status == 401


def test_troubles_of_a_door_are_shown() -> None:
    monitor = watched(SeenService())
    assert monitor.look().doors[0].troubles == ("The wire of rex is cut.",)


def test_service_that_is_gone_is_said_with_the_reason() -> None:
    service = SeenService()
    monitor = watched(service)
    monitor.look()
    service.gone = "it isn't running."
    assert _of(monitor.look()) == ((), "No service answers: it isn't running.")


def test_service_that_is_back_is_shown_again() -> None:
    service = SeenService(gone="it isn't running.")
    monitor = watched(service)
    monitor.look()
    service.gone = ""
    assert monitor.look().lost == ""


def _of(world: World) -> tuple[tuple[object, ...], str]:
    return world.doors, world.lost


def test_hanging_service_is_said_within_ten_seconds(tmp_path: Path) -> None:
    """It takes connections, and answers none."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen(8)
        monitor = Monitor(ServiceGlass(path, threading.Event()), "1", threading.Event())
        began = time.monotonic()
        assert "does not answer" in monitor.look().lost
    assert time.monotonic() - began < 9.0


def test_rows_reach_a_browser_that_comes_later() -> None:
    monitor = follow(Start(0), row(1, outcome="denied", reason="non-match"), row(2, "door-forced"))
    assert [event.row.id for event in monitor.known()] == [1, 2]


def test_audit_that_cannot_be_read_is_said() -> None:
    monitor = follow(Start(0), Trouble("The disk is gone."))
    assert monitor.look().health[0] == "The audit can't be read: The disk is gone."


def test_audit_that_can_be_read_again_is_no_trouble() -> None:
    monitor = follow(Trouble("The disk is gone."), Trouble(""))
    assert monitor.look().health == ("Lintel 1.2.3 has run for 2 h: 5 granted, 0 denied.",)


def test_older_copy_of_the_store_forgets_its_rows() -> None:
    monitor = follow(row(1), row(2), Rewound(1))
    assert monitor.known() == ()


def test_user_who_may_not_see_events_is_said_so() -> None:
    class Refusing(SeenService):
        def updates(self) -> Any:
            ended.set()
            raise LintelError("This user may not ask.", hint="Use sudo.")

    ended = threading.Event()
    monitor = Monitor(Refusing(), "1", ended)
    monitor.watch_rows()
    assert monitor.look().health[0] == "Events can't be shown: This user may not ask."


def follow(*said: Any) -> Monitor:
    """A monitor that has heard this."""

    class Once(SeenService):
        def updates(self) -> Any:
            yield from said
            raise Ended

    monitor = watched(Once())
    monitor.watch_rows()
    return monitor


@given(st.lists(st.sampled_from(["decision", "door-forced", "alarm-open"]), max_size=30))
def test_each_row_is_kept_once_and_in_order(events: list[str]) -> None:
    monitor = follow(*(row(number, event) for number, event in enumerate(events)))
    assert [event.row.id for event in monitor.known()] == list(range(len(events)))


def test_restarted_service_is_found_again(tmp_path: Path) -> None:
    """The real socket, twice; between them the page says that no service answers."""
    path, ended = tmp_path / "control.sock", threading.Event()
    monitor = Monitor(ServiceGlass(path, ended), "1", ended)
    watcher = threading.Thread(target=monitor.watch_doors)
    watcher.start()
    try:
        for _ in range(2):
            until(lambda: re.search("isn't running", monitor.state().lost))
            server = ControlServer(path, door_desk({"main": ToldDoor()}, Notes()))
            until(lambda: monitor.state().doors)
            server.close()
    finally:
        monitor.end()
        watcher.join()
