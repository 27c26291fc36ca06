"""A subscription: which rows come, what is said when store or service is gone, and subscribers that behave badly."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.control.client import FILE_NAME, SILENCE_S, Lost, ask_doors
from device.control.jobs import Job
from device.control.messages import Beat, Rewound, Row, Start, Subscribe, Trouble
from device.control.protocol import VERBS
from device.control.server import ControlServer
from device.control.subscriptions import UNREAD_BEATS, Pace, Subscriptions, as_seen
from device.errors import DoorError
from device.line_server import Peer
from device.records import DoorState, Role
from tests.device.control.bench import answers, connected, one_of, request
from tests.device.control.ledger import IMPATIENT, QUICK, Ledger, client, numbers, serving
from tests.waiting import PATIENCE_S, line, quickest_s, rest, until, until_hung_up


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(250)


@pytest.fixture
def service(path: Path, ledger: Ledger) -> Iterator[ControlServer]:
    service = serving(path, ledger)
    yield service
    service.close()


def first(updates: Iterator[Any], kind: type[Any] | tuple[type[Any], ...]) -> Any:
    """The next update of a kind, or of some."""
    return next(update for update in updates if isinstance(update, kind))


@pytest.mark.usefixtures("service")
class TestRows:
    def test_rows_come_from_the_number_on(self, path: Path) -> None:
        assert numbers(client(path).subscribe(3), 248) == list(range(3, 251))

    @pytest.mark.parametrize("since", [0, 1])
    def test_all_rows_come_from_the_first_on(self, path: Path, since: int) -> None:
        assert numbers(client(path).subscribe(since), 250) == list(range(1, 251))

    @pytest.mark.parametrize("since", [-1, 2**63])
    def test_number_that_no_row_can_have_is_refused(self, path: Path, since: int) -> None:
        """SQLite can't be asked for the largest, and all other subscribers would wait for the answer."""
        with pytest.raises(DoorError, match="Invalid request subscribe"):
            next(client(path).subscribe(since))

    def test_newest_rows_come_first(self, path: Path, ledger: Ledger) -> None:
        updates = client(path).subscribe(last=3)
        assert numbers(updates, 3) == [248, 249, 250]
        ledger.add()
        assert numbers(updates, 1) == [251]

    def test_without_a_number_only_new_rows_come(self, path: Path, ledger: Ledger) -> None:
        updates = client(path).subscribe()
        assert next(updates) == Start(250)
        ledger.add(2)
        assert numbers(updates, 2) == [251, 252]

    def test_row_comes_as_it_was_written(self, path: Path, ledger: Ledger) -> None:
        assert first(client(path).subscribe(250), Row) == ledger.rows[-1]

    def test_row_that_comes_later_comes_within_a_second(self, path: Path, ledger: Ledger) -> None:
        updates = client(path).subscribe()
        next(updates)

        def come() -> None:
            ledger.add()
            numbers(updates, 1)

        assert quickest_s(come, 1.0) < 1.0

    def test_silence_is_filled_with_beats(self, path: Path) -> None:
        assert first(client(path).subscribe(), Beat) == Beat(250)

    def test_store_is_not_read_while_nobody_subscribes(self, ledger: Ledger) -> None:
        time.sleep(0.05)
        assert ledger.reads == 0

    def test_fifty_subscribers_get_every_row(self, path: Path, ledger: Ledger) -> None:
        many = [client(path).subscribe() for _ in range(50)]
        assert {next(updates) for updates in many} == {Start(250)}
        ledger.add(20)
        assert [numbers(updates, 20) for updates in many] == [list(range(251, 271))] * 50


@pytest.mark.usefixtures("service")
class TestTrouble:
    def test_store_that_fails_is_reported_once_and_the_rows_come_later(self, path: Path, ledger: Ledger) -> None:
        ledger.failure = "The disk is gone."
        updates = client(path).subscribe(249)
        assert first(updates, Trouble) == Trouble("The disk is gone.")
        assert first(updates, (Trouble, Beat)) == Beat(248)
        ledger.failure = ""
        assert first(updates, (Trouble, Row)) == Trouble("")
        assert numbers(updates, 2) == [249, 250]

    def test_store_that_hangs_is_reported_and_beats_go_on(self, path: Path, ledger: Ledger) -> None:
        ledger.hang = threading.Event()
        updates = client(path).subscribe(250)
        assert first(updates, Trouble) == Trouble("The store has not answered for 0.2 s.")
        assert first(updates, Beat) == Beat(249)
        ledger.hang.set()
        assert numbers(updates, 1) == [250]

    def test_store_that_is_an_older_copy_is_reported(self, path: Path, ledger: Ledger) -> None:
        updates = client(path).subscribe(250)
        assert numbers(updates, 1) == [250]
        ledger.rows = ledger.rows[:100]
        assert first(updates, Rewound) == Rewound(100)
        ledger.add()
        assert numbers(updates, 1) == [101]


class TestService:
    def test_service_without_a_store_says_so(self, path: Path, server: ControlServer) -> None:  # noqa: ARG002 - it runs
        said = first(client(path).subscribe(), Trouble)
        assert said == Trouble("The service has only just started and has no store yet.")

    def test_restart_loses_and_doubles_nothing(self, path: Path, ledger: Ledger) -> None:
        service = serving(path, ledger)
        updates = client(path).subscribe()
        assert next(updates) == Start(250)
        service.close()
        ledger.add(2)
        assert first(updates, Lost).why == "The service is being stopped"
        service = serving(path, ledger)
        assert numbers(updates, 2) == [251, 252]
        service.close()

    def test_service_that_is_not_there_is_reported_once(self, path: Path) -> None:
        tries: list[float] = []

        def start(pause_s: float) -> None:
            tries.append(pause_s)
            if len(tries) == 7:
                services.append(serving(path, Ledger(1)))

        services: list[ControlServer] = []
        patient = client(path)
        patient._sleep = start
        updates = patient.subscribe(1)
        assert [type(next(updates)), type(next(updates))] == [Lost, Start]
        assert tries == [0.1, 0.2, 0.5, 1.0, 2.0, 2.0, 2.0]
        services[0].close()

    def test_subscriber_that_may_not_ask_is_refused_for_good(self, path: Path, ledger: Ledger) -> None:
        service = serving(path, ledger)
        with pytest.raises(DoorError, match="Invalid request subscribe"):
            next(client(path).subscribe(last=-1))
        service.close()


def job(*roles: Role) -> tuple[Job, socket.socket]:
    """A request of an operator, and the other end of its connection."""
    near, far = socket.socketpair()
    far.settimeout(PATIENCE_S)
    return Job(Peer(near, 0.0), VERBS["subscribe"], Subscribe(since=250), one_of(1000, *roles)), far


@pytest.mark.parametrize(
    ("role", "badge"), [(Role.ADMIN, "17:1001"), (Role.AUDITOR, "17:1001"), (Role.GUARD, None), (Role.ENROLLER, None)]
)
def test_badges_and_people_are_for_auditors_and_admins(ledger: Ledger, role: Role, badge: str | None) -> None:
    subscriptions = Subscriptions(ledger, QUICK)
    asked, far = job(role)
    subscriptions.add(asked)
    lines = [line(far)]
    while b'"row"' not in lines[-1]:
        lines.append(line(far))
    subscriptions.end()
    subscriptions.join(time.monotonic() + PATIENCE_S)
    far.close()
    (row,) = [json.loads(each)["part"] for each in lines if b'"row"' in each]
    assert (row["badge"], row["person_id"]) == (badge, badge and 4)


@pytest.mark.parametrize("duress", [False, True])
@pytest.mark.parametrize(
    ("event", "said", "seen"),
    [
        ("denials-counted", "7 more within 9.0 s, first badge 18:20, last badge 18:99", "7 more within 9.0 s"),
        ("retention", "person 12, unused since 2026-01-01", None),
        ("look-alike", "person 3", None),
        ("basis-given", "consent, version 2: signed by Anna Meier", None),
        ("confirmation-asked", "erase Anna Meier", None),
        ("door-forced", "opened", "opened"),
    ],
)
def test_text_of_a_row_names_no_one_to_guards_and_links(event: str, said: str, seen: str | None, duress: bool) -> None:
    row = as_seen(Row(1, "2026-06-01T08:00:00+00:00", event, fault=said), people=False, duress=duress)
    assert row is not None
    assert row.fault == seen


def test_last_16_places_are_kept_for_admins(ledger: Ledger) -> None:
    subscriptions = Subscriptions(ledger, QUICK)
    ends = []
    for role in (*[Role.AUDITOR] * 49, *[Role.ADMIN] * 16):
        asked, far = job(role)
        subscriptions.add(asked)
        ends.append(far)
    assert b"There are 48 subscribers already." in line(ends[48])
    assert b'"start"' in line(ends[64])
    subscriptions.end()
    subscriptions.join(time.monotonic() + PATIENCE_S)
    for far in ends:
        far.close()


class TestBadSubscribers:
    @pytest.fixture
    def service(self, path: Path, ledger: Ledger) -> Iterator[ControlServer]:
        service = serving(path, ledger, IMPATIENT)
        yield service
        service.close()

    def test_one_that_goes_on_speaking_is_hung_up_on(self, path: Path, service: ControlServer) -> None:
        with connected(path) as chatty:
            chatty.sendall(request("subscribe"))
            assert b'"start"' in line(chatty)
            chatty.sendall(b"more")
            said = rest(chatty)
        assert b"A subscriber sends nothing after its request." in said
        assert not service._subscriptions._subscribers

    def test_one_that_reads_nothing_is_dropped_with_the_reason(
        self, path: Path, service: ControlServer, ledger: Ledger
    ) -> None:
        ledger.add(10_000, "x" * 200)
        with connected(path) as deaf:
            deaf.sendall(request("subscribe", **{"from": 1}))
            until_hung_up(deaf)
            said = rest(deaf)
        assert not service._subscriptions._subscribers
        assert json.loads(said.splitlines()[-1])["code"] == "slow"
        assert len(said) < 1_000_000

    def test_one_that_reads_no_beats_is_dropped(self, path: Path, service: ControlServer) -> None:
        with connected(path) as deaf:
            deaf.sendall(request("subscribe"))
            until_hung_up(deaf)
            said = rest(deaf)
        assert not service._subscriptions._subscribers
        assert json.loads(said.splitlines()[-1])["code"] == "slow"

    def test_one_that_meets_a_bug_is_dropped_alone(
        self, path: Path, ledger: Ledger, service: ControlServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threading, "excepthook", lambda _args: None)
        ledger.add(2)
        ledger.rows[250] = msgspec.structs.replace(ledger.rows[250], fault=object())
        with pytest.raises(DoorError, match="This is a bug in Lintel: TypeError"):
            numbers(client(path).subscribe(251), 1)
        assert numbers(client(path).subscribe(252), 1) == [252]
        assert service._subscriptions._thread.is_alive()

    def test_slow_one_delays_no_other(self, path: Path, service: ControlServer, ledger: Ledger) -> None:  # noqa: ARG002 - it runs
        ledger.add(10_000, "x" * 200)
        with connected(path) as deaf:
            deaf.sendall(request("subscribe", **{"from": 1}))
            assert numbers(client(path).subscribe(1), 10_250) == list(range(1, 10_251))

    def test_there_are_64_at_most(self, path: Path, ledger: Ledger) -> None:
        service = serving(path, ledger)
        many = [connected(path) for _ in range(64)]
        for one in many:
            one.sendall(request("subscribe"))
        until(lambda: len(service._subscriptions._subscribers) == 64)
        (refused,) = answers(path, request("subscribe"))
        assert (refused["code"], refused["what"]) == ("busy", "There are 64 subscribers already.")
        for one in many:
            one.close()
        until(lambda: not service._subscriptions._subscribers)
        assert next(client(path).subscribe()) == Start(250)
        service.close()

    def test_questions_are_answered_while_the_store_hangs(self, path: Path, ledger: Ledger) -> None:
        service = serving(path, ledger, Pace())
        ledger.hang = threading.Event()
        with connected(path) as waiting:
            waiting.sendall(request("subscribe", **{"from": 1}))
            (status,) = ask_doors(path) or ()
            assert status.state is DoorState.LOCKED
            assert quickest_s(lambda: ask_doors(path), 0.5) < 0.5
        ledger.hang.set()
        service.close()


def test_client_waits_for_three_beats_and_the_service_for_two() -> None:
    assert (Pace().beat_s, SILENCE_S, Pace().stall_s, UNREAD_BEATS) == (5.0, 15.0, 10.0, 3)


def test_rows_are_looked_for_often_and_a_hung_store_is_reported() -> None:
    assert (Pace().poll_s, Pace().hangs_s) == (0.05, 2.0)


def test_socket_has_the_name_that_is_documented() -> None:
    assert FILE_NAME == "control.sock"
