"""Failed tries with a badge are counted in the store: with the decision or not at all, and no kill loses one."""

import signal
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from device.records import NO_FAILURES, Credential, Factor, Failures, Person
from device.store.store import Store
from tests.processes import output_of, started

CHILD = Path(__file__).with_name("counting.py")
FACE, PIN, NEITHER = frozenset({Factor.FACE}), frozenset({Factor.PIN}), frozenset[Factor]()
OTHER = Credential("h10301", 17, 1002)
pytestmark = pytest.mark.usefixtures("eileen")


def failures(store: Store, badge: Credential) -> Failures:
    with store.counters() as counters:
        return counters.of(badge)


def fail(store: Store, badge: Credential, *factors: frozenset[Factor]) -> None:
    for factor in factors:
        with store.counters() as counters:
            counters.decided(badge, failed=factor)


def test_failures_are_counted_by_badge_and_factor(store: Store, badge: Credential) -> None:
    fail(store, badge, FACE, PIN, FACE, NEITHER)
    assert failures(store, badge) == Failures(2, 1, 3)
    assert failures(store, OTHER) == NO_FAILURES


def test_grant_tells_what_failed_since_the_last_one(store: Store, badge: Credential) -> None:
    fail(store, badge, FACE, PIN, FACE)
    with store.counters() as counters:
        assert counters.decided(badge, failed=NEITHER, used=FACE) == (Failures(2, 1, 3), Failures(0, 1, 0))


def test_badge_without_a_holder_is_not_counted(store: Store) -> None:
    fail(store, OTHER, FACE)
    assert failures(store, OTHER) == NO_FAILURES


def test_operator_clears_all_of_it(store: Store, badge: Credential) -> None:
    fail(store, badge, FACE, PIN)
    with store.counters() as counters:
        assert counters.reset(badge) == Failures(1, 1, 2)
    with store.counters() as counters:
        assert (counters.of(badge), counters.all()) == (NO_FAILURES, {})


def test_count_goes_with_the_transaction_it_belongs_to(store: Store, badge: Credential) -> None:
    with suppress(RuntimeError), store.writing(), store.counters() as counters:
        counters.decided(badge, failed=FACE)
        raise RuntimeError
    assert failures(store, badge) == NO_FAILURES


def test_erased_person_leaves_no_counts(store: Store, badge: Credential, eileen: Person, now: datetime) -> None:
    fail(store, badge, FACE)
    store.erase(eileen, now)
    with store.counters() as counters:
        assert counters.all() == {}


def test_restore_lowers_no_count(store: Store, badge: Credential) -> None:
    fail(store, badge, FACE, FACE, PIN)
    with store.counters() as counters:
        counters.raise_to({badge: Failures(1, 9, 2), OTHER: Failures(3, 3, 6)})
    with store.counters() as counters:
        assert counters.all() == {badge: Failures(2, 9, 3)}


def test_two_doors_lose_no_count(store: Store, badge: Credential) -> None:
    threads = [threading.Thread(target=fail, args=(store, badge, *[FACE] * 20)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures(store, badge).face == 60


@pytest.mark.parametrize("committed", [1, 7, 20])
def test_kill_loses_no_count(tmp_path: Path, committed: int) -> None:
    """As many as have rows in the audit, and at least those that were said."""
    with started([sys.executable, str(CHILD), str(tmp_path)], stdout=subprocess.PIPE) as child:
        said = [output_of(child).readline() for _ in range(committed)]
        child.send_signal(signal.SIGKILL)
        said += [line for line in output_of(child) if line.endswith("\n")]
    face, pin = map(int, said[-1].split())
    with Store(tmp_path) as store:
        kept = failures(store, Credential("h10301", 17, 1001))
        with store.audit() as audit:
            rows = [row.fault for row in audit]
    assert kept == Failures(rows.count("face"), rows.count("pin"), len(rows))
    assert (kept.face - face, kept.pin - pin) in {(0, 0), (1, 0), (0, 1)}
