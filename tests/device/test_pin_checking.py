"""Typed PINs are compared one at a time in a thread of their own; what can't be compared is said, never guessed."""

import queue
import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.pin_checking import PinCheckFailed, PinChecks, PinChecksInTurn, checked
from device.records import Person, PinAnswer, Reason
from device.store.pins import Cost, hashed
from device.store.store import Store
from tests.device.store.sealed import QUICK, PinsIn
from tests.waiting import PATIENCE_S

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def pins_in(tmp_path: Path) -> Iterator[PinsIn]:
    with Store(tmp_path / "state") as store:
        yield PinsIn(store)


def person_with(pins_in: PinsIn, name: str, *, pin: str = "", duress: str = "", cost: Cost = QUICK) -> Person:
    with pins_in.store.people() as people, pins_in.pins() as pins:
        person = people.add(name, NOON)
        if pin:
            pins.keep(person, hashed(pin, pins.secret, cost), NOON)
        if duress:
            pins.keep_duress(person, hashed(duress, pins.secret, cost))
    return person


def test_answers_come_in_the_order_asked(pins_in: PinsIn) -> None:
    ann, ben = person_with(pins_in, "Ann", pin="4711", duress="9226"), person_with(pins_in, "Ben")
    answers: queue.Queue[PinAnswer | PinCheckFailed] = queue.Queue()
    checks = PinChecks(pins_in, QUICK)
    for person, digits in ((ann, "4711"), (ann, "9226"), (ann, ""), (ben, "4711")):
        checks.ask(person, digits, answers.put)
    given = [answers.get(timeout=PATIENCE_S) for _ in range(4)]
    checks.close()
    assert given == [PinAnswer.RIGHT, PinAnswer.DURESS, PinAnswer.WRONG, PinAnswer.ABSENT]


def test_one_is_compared_at_a_time_off_the_asking_thread(pins_in: PinsIn) -> None:
    ann = person_with(pins_in, "Ann", pin="4711")
    busy, most, seen, done = 0, 0, set[int](), threading.Semaphore(0)

    def then(_answer: object) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        seen.add(threading.get_ident())
        busy -= 1
        done.release()

    checks = PinChecks(pins_in, QUICK)
    for _ in range(8):
        checks.ask(ann, "1111", then)
    assert [done.acquire(timeout=PATIENCE_S) for _ in range(8)] == [True] * 8
    checks.close()
    assert (most, len(seen), threading.get_ident() in seen) == (1, 1, False)


def test_answer_that_no_one_can_hear_stops_no_other(pins_in: PinsIn) -> None:
    ann, answers = person_with(pins_in, "Ann", pin="4711"), queue.Queue[PinAnswer | PinCheckFailed]()

    def deaf(_answer: object) -> None:
        raise OSError("the reader is closed")

    checks = PinChecks(pins_in, QUICK)
    checks.ask(ann, "4711", deaf)
    checks.ask(ann, "4711", answers.put)
    given = answers.get(timeout=PATIENCE_S)
    checks.close()
    assert given is PinAnswer.RIGHT


def test_flood_of_pins_waits_in_a_bounded_queue(pins_in: PinsIn) -> None:
    ann, begun, go_on = person_with(pins_in, "Ann", pin="4711"), threading.Event(), threading.Event()
    refused: list[PinAnswer | PinCheckFailed] = []

    def hold(_answer: object) -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    checks = PinChecks(pins_in, QUICK)
    checks.ask(ann, "1111", hold)
    assert begun.wait(PATIENCE_S)
    for _ in range(1_000):
        checks.ask(ann, "1111", refused.append)
    assert refused == [PinCheckFailed(Reason.STORE_FAULT, "Too many PINs wait to be compared.")] * 984
    go_on.set()
    checks.close()


def test_locked_vault_is_a_missing_key(pins_in: PinsIn) -> None:
    ann = person_with(pins_in, "Ann", pin="4711")
    pins_in.vault.is_locked = True
    assert checked(pins_in, ann, "4711", QUICK) == PinCheckFailed(Reason.KEY_MISSING, "The key is missing.")


def test_damaged_pin_is_a_fault_without_a_digit(pins_in: PinsIn) -> None:
    ann = person_with(pins_in, "Ann", pin="4711")
    with pins_in.store.writing(), pins_in.store._session() as session:
        session.execute("UPDATE pins SET pin = 'text'")
    failed = checked(pins_in, ann, "4711", QUICK)
    assert isinstance(failed, PinCheckFailed)
    assert (failed.reason, "4711" in failed.fault) == (Reason.STORE_FAULT, False)


def test_checks_in_turn_answer_at_once(pins_in: PinsIn) -> None:
    answers: list[PinAnswer | PinCheckFailed] = []
    PinChecksInTurn(pins_in, QUICK).ask(person_with(pins_in, "Ann", pin="4711"), "4711", answers.append)
    assert answers == [PinAnswer.RIGHT]


def test_question_after_the_end_is_answered(pins_in: PinsIn) -> None:
    answers: list[PinAnswer | PinCheckFailed] = []
    checks = PinChecks(pins_in, QUICK)
    checks.close()
    checks.ask(person_with(pins_in, "Ann"), "4711", answers.append)
    assert [type(one) for one in answers] == [PinCheckFailed]


def test_time_says_nothing_of_the_answer(pins_in: PinsIn) -> None:
    """Right, wrong, duress, absent: the quickest of each differ by less than a seventh."""
    cost = Cost(memory_kib=1024, passes=2)
    both = person_with(pins_in, "Ann", pin="471147", duress="926626", cost=cost)
    one, none = person_with(pins_in, "Ben", pin="471147", cost=cost), person_with(pins_in, "Cleo")
    asked = [(both, "471147"), (both, "926626"), (both, "000000"), (one, "471147"), (none, "471147"), (both, "")]
    took_s: list[list[float]] = [[] for _ in asked]
    for _ in range(60):
        for times, (person, digits) in zip(took_s, asked, strict=True):
            began = time.thread_time()
            checked(pins_in, person, digits, cost)
            times.append(time.thread_time() - began)
    quickest = [statistics.median(sorted(times)[:10]) for times in took_s]
    assert max(quickest) - min(quickest) < 0.15 * min(quickest)
