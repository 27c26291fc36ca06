"""Bulk requests and streamed answers: bounded, in a lane of their own, ended when either side hangs up."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.control import jobs, roster, workers
from device.control.client import Client, ask_doors
from device.control.desk import Desk, door_desk
from device.control.protocol import VERBS, Lane, ProtocolError, table
from device.control.server import ControlServer
from device.errors import DoorError
from device.line_server import Peer
from tests.device.control.bench import Notes, answers, connected, request
from tests.device.control.verbs import Guide, Office, Secret, Step, Store, Stored, office_at
from tests.waiting import PATIENCE_S, line, quickest_s, until


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def service(path: Path, office: Office) -> Iterator[ControlServer]:
    service = office_at(path, office)
    yield service
    office.may_go_on.set()
    service.close()


def sent(path: Path) -> socket.socket:
    """A connection with a bulk request on its way."""
    connection = connected(path)
    connection.sendall(request("store", picture="QUJD"))
    return connection


@pytest.mark.usefixtures("service")
class TestBulk:
    @pytest.mark.parametrize("size", [0, 700, 800, 50_000, 786_000])
    def test_request_of_up_to_a_megabyte_is_answered(self, path: Path, office: Office, size: int) -> None:
        assert Client(path).ask(Store(picture=os.urandom(size)), Stored) == Stored(size)
        assert office.sizes == [size]

    def test_longer_one_is_refused(self, path: Path, office: Office) -> None:
        with pytest.raises(DoorError, match="expected one line of up to 1048576 bytes"):
            Client(path).ask(Store(picture=bytes(800_000)), Stored)
        assert office.sizes == []

    def test_line_that_never_ends_is_refused(self, path: Path) -> None:
        with connected(path) as endless:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(100):
                    endless.sendall(b"x" * 65536)
            until(lambda: ask_doors(path) is not None)

    def test_line_that_is_cut_off_is_refused(self, path: Path, office: Office) -> None:
        (refused,) = answers(path, request("store", picture="QUJD" * 1000)[:-1])
        assert (refused["code"], office.sizes) == ("request", [])

    @pytest.mark.parametrize("verb", ["status", "release", "lockdown"])
    def test_long_line_is_no_way_around_the_lane_of_its_verb(self, path: Path, verb: str) -> None:
        (answer,) = answers(path, request(verb)[:-1] + b" " * 5000 + b"\n")
        assert answer["what"] == "Invalid request: expected one line of up to 1024 bytes."

    def test_slow_one_is_dropped_with_the_reason(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "GRACE_S", 0.05)
        with connected(path) as slow:
            slow.sendall(request("store", picture="QUJD" * 1000)[:2000])
            assert json.loads(line(slow))["code"] == "slow"

    def test_one_that_drips_is_dropped_too(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "GRACE_S", 0.1)
        began = time.monotonic()
        with connected(path) as dripping, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            dripping.sendall(request("store", picture="QUJD" * 1000)[:2000])
            while time.monotonic() - began < PATIENCE_S:
                dripping.sendall(b"Q")
                time.sleep(0.01)
        assert time.monotonic() - began < PATIENCE_S

    @pytest.mark.parametrize(("size", "kind"), [(1 << 20, "reply"), ((1 << 20) + 1, "error")])
    def test_line_may_have_a_megabyte_with_its_end(self, path: Path, size: int, kind: str) -> None:
        asked = request("store", picture="QUJD")[:-1]
        (answer,) = answers(path, asked + b" " * (size - len(asked) - 1) + b"\n")
        assert answer["kind"] == kind

    def test_more_than_can_wait_are_refused_and_the_doors_answer(
        self, path: Path, office: Office, service: ControlServer
    ) -> None:
        office.may_go_on.clear()
        queue = service._workers[Lane.BULK]._waiting
        served = [sent(path) for _ in range(4)]
        until(lambda: office.at_work.qsize() == 4)
        served += [sent(path) for _ in range(16)]
        until(queue.full)
        more = [sent(path) for _ in range(3)]
        refused = [json.loads(line(one))["code"] for one in more]
        assert quickest_s(lambda: ask_doors(path), 0.5) < 0.5
        office.may_go_on.set()
        stored = [json.loads(line(one))["reply"] for one in served]
        assert (refused, stored) == (["busy"] * 3, [{"size": 3}] * 20)
        for one in served + more:
            one.close()

    def test_verb_of_an_admin_is_refused_to_a_guard(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert Client(path).ask(Secret(), Stored) == Stored(1)
        monkeypatch.setattr(roster, "owns", lambda _uid: False)
        with pytest.raises(ProtocolError, match="may not ask for secret: roles guard, expected admin") as refused:
            Client(path).ask(Secret(), Stored)
        assert refused.value.code == "forbidden"


def test_bulk_request_has_a_second_and_then_64_kib_a_second() -> None:
    assert (jobs.GRACE_S, jobs.LEAST_RATE) == (1.0, 65536)


@pytest.mark.usefixtures("service")
class TestStreams:
    def test_parts_come_and_an_end(self, path: Path, office: Office) -> None:
        parts = list(Client(path).stream(Guide(steps=3), Step, silence_s=PATIENCE_S))
        assert (parts, office.ended.is_set()) == ([Step(0), Step(1), Step(2)], True)

    def test_parts_of_nearly_a_megabyte_come_whole(self, path: Path) -> None:
        parts = Client(path).stream(Guide(steps=3, size=1_000_000), Step, silence_s=PATIENCE_S)
        assert [len(part.words) for part in parts] == [1_000_000] * 3

    def test_parts_come_as_they_are_made(self, path: Path, office: Office) -> None:
        office.may_go_on.clear()
        steps = Client(path).stream(Guide(steps=2), Step, silence_s=PATIENCE_S)
        found: list[Step] = []
        reader = threading.Thread(target=lambda: found.extend(steps))
        reader.start()
        assert found == []
        office.may_go_on.set()
        reader.join(PATIENCE_S)
        assert found == [Step(0), Step(1)]

    def test_error_in_the_middle_comes_after_the_parts_before_it(self, path: Path) -> None:
        steps = Client(path).stream(Guide(steps=3, fails_at=1), Step, silence_s=PATIENCE_S)
        assert next(steps) == Step(0)
        with pytest.raises(DoorError, match="No face was seen") as failed:
            next(steps)
        assert failed.value.hint == "Stand in front of the camera."

    def test_hanging_up_ends_it_at_the_other_end(self, path: Path, office: Office) -> None:
        steps = Client(path).stream(Guide(steps=10_000_000), Step, silence_s=PATIENCE_S)
        next(steps)
        steps.close()  # type: ignore[attr-defined]
        assert office.ended.wait(PATIENCE_S)

    def test_peer_that_reads_nothing_is_dropped_with_the_handler_ended(
        self, path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workers, "SEND_S", 0.1)
        with connected(path) as deaf:
            deaf.sendall(request("guide", steps=1_000_000, size=1000))
            assert office.ended.wait(PATIENCE_S)

    def test_silence_is_an_error(self, path: Path, office: Office) -> None:
        office.may_go_on.clear()
        with pytest.raises(DoorError, match="does not answer: timed out"):
            next(Client(path).stream(Guide(steps=1), Step, silence_s=0.1))

    def test_service_that_is_stopped_ends_it(self, path: Path, service: ControlServer) -> None:
        steps = Client(path).stream(Guide(steps=10_000_000), Step, silence_s=PATIENCE_S)
        next(steps)
        service.close()
        with pytest.raises(DoorError, match="The service is being stopped"):
            list(steps)


def test_without_a_service_there_is_nothing_to_stream(path: Path) -> None:
    with pytest.raises(DoorError, match="No service answers"):
        next(Client(path).stream(Guide(steps=1), Step, silence_s=1.0))


def test_service_without_bulk_verbs_refuses_long_lines(path: Path) -> None:
    verbs = table(verb for verb in VERBS.values() if verb.lane is not Lane.BULK)
    with contextlib.closing(ControlServer(path, Desk(verbs, door_desk({}, Notes()).handlers))):
        (refused,) = answers(path, b"x" * 2000)
    assert refused["what"] == "Invalid request: expected one line of up to 1024 bytes."


def test_caller_of_a_streamed_answer_is_seen_to_be_there_and_to_go() -> None:
    ours, theirs = socket.socketpair()
    peer = Peer(ours, 0.0)
    peer.send_all(b"part", 10.0)
    assert peer.is_connected()
    theirs.close()
    assert not peer.is_connected()
    ours.close()
    assert not peer.is_connected()
