"""Whatever is sent to the operators' socket is answered or dropped, commands nothing, and the next one is served."""

import json
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.control.client import ask_doors
from device.control.desk import door_desk
from device.control.jobs import job_of
from device.line_server import Peer
from tests.device.control.bench import LOCKED, Notes, ToldDoor, request, send

EARLIER = [
    b"null\n",
    b"[]\n",
    b'"release"\n',
    b"{\n",
    b'{"command": "open"}\n',
    b'{"command": ["release"]}\n',
    b'{"comand": "release"}\n',
    b'{"command": "release", "more": 1}\n',
    b'{"door": 1}\n',
    b'{"command": "release"}',
    b'{"command": "release"}' + b" " * 1024,
    b'{"command": "release"' + b" " * 1024 + b"}\n",
]
NONSENSE = [
    b"",
    b"\n",
    *EARLIER,
    b"[" * 1024 + b"\n",
    b"\xff" * 100 + b"\n",
    b"\x00\n",
    request("release", v=2),
    request("release", v=True),
    request("release", v=None),
    request("open"),
    request("Release"),
    request("release", more=1),
    request("release", door=7),
    request("release", id="one"),
    request("release", door="\ud800"),
    request("subscribe", last=-1),
    request("subscribe", last=1e30),
    request("release")[:-1],
    request("release") * 100 + b"x" * 10_000,
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("data", NONSENSE[:-1], ids=range(len(NONSENSE) - 1))
def test_nonsense_is_refused_and_the_next_one_served(path: Path, door: ToldDoor, data: bytes) -> None:
    received = send(path, data)
    assert received == b"" or json.loads(received).keys() & {"error", "what"}
    assert (ask_doors(path), door.told) == ((LOCKED,), [])


@pytest.mark.usefixtures("server")
def test_what_follows_a_request_is_left_unread(path: Path, door: ToldDoor) -> None:
    send(path, NONSENSE[-1])
    ask_doors(path)
    assert len(door.told) == 1


@pytest.mark.usefixtures("server")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.binary(max_size=3000))
def test_any_bytes_are_answered_or_dropped_and_the_next_one_is_served(path: Path, door: ToldDoor, data: bytes) -> None:
    send(path, data)
    assert (ask_doors(path), door.told) == ((LOCKED,), [])


words = st.sampled_from(["v", "id", "verb", "command", "door", "main", "release", "secure", "", "\ud800"])
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)
nearly = st.fixed_dictionaries(
    {"verb": st.sampled_from(["release", "secure", "status", "subscribe"])},
    optional={"v": st.just(1) | anything, "id": st.integers() | anything, "door": anything, "from": anything},
)


@given(
    st.binary(max_size=1023).map(lambda line: line.replace(b"\n", b""))
    | (anything | nearly).map(lambda value: json.dumps(value).encode())
)
def test_any_line_is_a_job_or_is_refused(line: bytes) -> None:
    desk = door_desk({"main": ToldDoor()}, Notes())
    near, far = socket.socketpair()
    with near, far:
        job = job_of(desk, Peer(near, 0.0), line)
        assert (job is not None and job.verb.name in desk.verbs) or b'"error"' in far.recv(65536)
