"""A damaged file: a flipped bit lets nobody be taken for another, and the daily check finds what no lookup meets."""

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlite_utils import Database

from device.errors import StoreError
from device.records import Credential, Person
from device.store import checkup
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from tests.waiting import PATIENCE_S

MODEL, OTHER_MODEL = "ab" * 32, "cd" * 32
HOLDERS = 8


@dataclass(frozen=True)
class Whole:
    """A store's bytes, each one's reference, where its indexes begin, and the keys that open them."""

    content: bytes
    vectors: NDArray[Any]
    pages: dict[str, int]
    keys: bytes
    places: KeyInMemory

    def opened(self, folder: Path, damaged: bytes | bytearray) -> Store:
        """The store with other bytes."""
        (folder / "lintel.db").write_bytes(damaged)
        (folder / "lintel-keys.db").write_bytes(self.keys)
        return Store(folder, places=self.places)


Between = Callable[[int], None]
"""Is told how many pages a copy has, and ends it by raising."""


def number_of(index: int) -> Credential:
    return Credential("h10301", 17, 1000 + index)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A store of eight people with a badge and a reference each."""
    from datetime import UTC, datetime

    now = datetime(2026, 11, 24, tzinfo=UTC)
    drawn = np.random.default_rng(7).normal(size=(HOLDERS, 128)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    places = KeyInMemory()
    with Store(tmp_path_factory.mktemp("whole"), places=places) as store:
        for index in range(HOLDERS):
            with store.people() as people:
                person = people.add(f"Person {index}", now)
                people.issue(number_of(index), person, now)
                people.add_references(person, vectors[index : index + 1], MODEL, now)
        path = store.path
    keys = path.with_name("lintel-keys.db").read_bytes()
    return Whole(path.read_bytes(), vectors, index_pages(path), keys, places)


def index_pages(path: Path) -> dict[str, int]:
    """Where in the file each page of an index begins."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT name, rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name IN "
            "('badges', 'people', 'face_references', 'revoked_badges')"
        )
        return {name: (root - 1) * 4096 for name, root in found}


INDEXES = ("sqlite_autoindex_badges_1", "sqlite_autoindex_people_1", "face_references_by_person", "badges_by_person")


@pytest.mark.parametrize("index", INDEXES)
def test_flipped_bit_in_an_index_takes_nobody_for_another(tmp_path: Path, whole: Whole, index: str) -> None:
    """Each fifth byte of the page: the right person, nobody, or an error. The slow one has each byte."""
    flipped_bit_takes_nobody_for_another(tmp_path, whole, index, range(0, 4096, 5))


@pytest.mark.slow(small="test_flipped_bit_in_an_index_takes_nobody_for_another")
@pytest.mark.parametrize("index", INDEXES)
def test_flipped_bit_anywhere_in_an_index_takes_nobody(tmp_path: Path, whole: Whole, index: str) -> None:
    flipped_bit_takes_nobody_for_another(tmp_path, whole, index, range(4096))


def flipped_bit_takes_nobody_for_another(tmp_path: Path, whole: Whole, index: str, offsets: range) -> None:
    """With another bit at each place."""
    content, vectors, pages = whole.content, whole.vectors, whole.pages
    found = 0
    for offset in offsets:
        damaged = bytearray(content)
        damaged[pages[index] + offset] ^= 1 << offset * 5 % 8
        if not (offset < 16 or content[pages[index] + offset]):
            continue
        with whole.opened(tmp_path, damaged) as store:
            for asked in range(HOLDERS + 1):
                found += is_right(store, asked, vectors)
    assert found > 0


def test_flipped_bit_in_a_badge_s_number_is_an_error_like_any_other(tmp_path: Path, whole: Whole) -> None:
    """It is kept as text: another digit, or none. In the table and in each index, whichever the place is in."""
    content, vectors = whole.content, whole.vectors
    places = [start for start in range(len(content)) if content[start : start + 4] == b"1000"]
    assert len(places) >= 2
    for place, bit in itertools.product(places, range(8)):
        damaged = bytearray(content)
        damaged[place + 3] ^= 1 << bit
        with whole.opened(tmp_path, damaged) as store:
            is_right(store, 0, vectors)


def test_flipped_bit_in_a_table_s_description_is_an_error(tmp_path: Path, whole: Whole) -> None:
    """Bytes of the tables' SQL in turn: it names a column, or is no text any more."""
    content, vectors = whole.content, whole.vectors
    described = [
        offset
        for offset in range(len(content))
        if any(name in content[max(0, offset - 60) : offset + 30] for name in (b"TABLE people", b"TABLE badges"))
    ]
    errors = 0
    for offset in described:
        damaged = bytearray(content)
        damaged[offset] ^= (1, 0x80)[offset % 2]
        try:
            with whole.opened(tmp_path, damaged) as store:
                errors += not is_right(store, 0, vectors)
        except StoreError:
            errors += 1
    assert errors > 100


def is_right(store: Store, asked: int, vectors: NDArray[Any]) -> bool:
    """Whether the claim was found; fails if it is another's."""
    try:
        with store.people() as people:
            claim = people.claim(number_of(asked), MODEL)
            named = people.named(f"Person {asked}")
    except StoreError:
        return False
    assert claim is None or (claim.person.name, claim.references.tolist()) in (
        (f"Person {asked}", vectors[asked : asked + 1].tolist()),
        (f"Person {asked}", []),
    )
    assert named in (None, Person(asked + 1, f"Person {asked}"))
    return claim is not None


def cross(path: Path, index: str) -> None:
    """Has two entries of an index lead to each other's rows: the last byte of each is its row's number."""
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [index]).fetchone()[0]
    content = bytearray(path.read_bytes())
    start = (root - 1) * 4096
    cells = [start + int.from_bytes(content[start + 8 + 2 * n : start + 10 + 2 * n]) for n in (2, 3)]
    one, other = (cell + content[cell] for cell in cells)
    content[one], content[other] = content[other], content[one]
    path.write_bytes(content)


@pytest.fixture
def crossed(tmp_path: Path, whole: Whole, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store whose index leads the third and the fourth person to each other's rows."""
    with whole.opened(tmp_path, whole.content):
        pass
    cross(tmp_path / "lintel.db", request.param)
    with Store(tmp_path, places=whole.places) as store:
        yield store


@pytest.mark.parametrize("crossed", ["sqlite_autoindex_badges_1"], indirect=True)
def test_badge_that_an_index_leads_to_another_row_is_an_error(crossed: Store) -> None:
    with pytest.raises(StoreError, match="index of the badges is damaged"), crossed.people() as people:
        people.claim(number_of(2), MODEL)


@pytest.mark.parametrize("crossed", ["face_references_by_person"], indirect=True)
def test_references_that_an_index_misassigns_are_an_error(crossed: Store) -> None:
    with pytest.raises(StoreError, match="index of the references is damaged"), crossed.people() as people:
        people.claim(number_of(2), MODEL)


@pytest.mark.parametrize("crossed", ["sqlite_autoindex_badges_1", "face_references_by_person"], indirect=True)
def test_damaged_index_is_a_trouble_after_the_check_at_the_start(
    crossed: Store, trouble_of: Callable[[Store], str]
) -> None:
    trouble_of(crossed)
    crossed._checkup.wait()
    assert "is damaged: " in trouble_of(crossed)


@pytest.mark.usefixtures("eileen")
def test_sound_file_is_no_trouble_after_its_check(store: Store, trouble_of: Callable[[Store], str]) -> None:
    trouble_of(store)
    store._checkup.wait()
    assert trouble_of(store) == ""


def test_file_is_checked_at_the_start_and_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now, copies = [1000.0], []
    monkeypatch.setattr(checkup, "time", FakeTime(now))

    def copy(_between: Between) -> Database:
        copies.append(now[0])
        return memory()

    checked = checkup.Checkup(copy)
    for seconds in (0.0, 86_399.0, 2.0, 10.0):
        now[0] += seconds
        checked.begin_if_due()
        checked.wait()
    assert copies == [1000.0, 87_401.0]


def test_check_that_could_not_be_made_is_tried_again_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    now, tries = [1000.0], []
    monkeypatch.setattr(checkup, "time", FakeTime(now))

    def fail(_between: Between) -> NoReturn:
        tries.append(now[0])
        raise StoreError("Locked.", hint="Wait.")

    checked = checkup.Checkup(fail)
    for seconds in (0.0, 3599.0, 2.0):
        now[0] += seconds
        checked.begin_if_due()
        checked.wait()
    assert tries == [1000.0, 4601.0]


def copying(pages: int, copied: list[int]) -> Callable[[Between], Database]:
    """A copy of one step, of so many pages in all, that is written down."""

    def copy(between: Between) -> Database:
        between(pages)
        copied.append(pages)
        return memory()

    return copy


def test_check_of_a_file_beyond_256_mib_is_put_off() -> None:
    steps: list[int] = []
    monitor = checkup.Checkup(copying(65_537, steps))
    monitor.begin_if_due()
    monitor.wait()
    assert steps == []


def test_check_larger_than_a_quarter_of_free_memory_is_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 512000 kB\nMemAvailable:      40 kB\n")
    monkeypatch.setattr(checkup, "_MEMORY", tmp_path / "meminfo")
    steps: list[int] = []
    for pages in (3, 2):
        monitor = checkup.Checkup(copying(pages, steps))
        monitor.begin_if_due()
        monitor.wait()
    assert steps == [2]


def test_check_ends_when_the_store_is_closed() -> None:
    begun = threading.Event()

    def endless(between: Between) -> NoReturn:
        while True:
            between(1)
            begun.set()

    checked = checkup.Checkup(endless)
    checked.begin_if_due()
    assert begun.wait(PATIENCE_S)
    checked.close()
    assert checked._thread is not None
    assert not checked._thread.is_alive()


class FakeTime:
    """Stands in for the module `time`: its hands are moved by the test."""

    def __init__(self, now: list[float]) -> None:
        self._now = now

    def monotonic(self) -> float:
        return self._now[0]


def memory() -> Database:
    from sqlite_utils import Database

    return Database(sqlite3.connect(":memory:", check_same_thread=False))
