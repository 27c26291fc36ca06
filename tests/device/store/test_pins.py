"""PINs in the store: what is kept says nothing without the device's secret, and each hash counts in its own place."""

import sqlite3
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import KeyMissing
from device.records import Credential, Person, PinAnswer
from device.store.pins import NO_PIN, USUAL, Cost, PinHashes, answer, hashed
from device.store.store import Store
from tests.device.store.sealed import QUICK, KeptVault, PinsIn

SECRET = b"s" * 32
pins_of_4_to_8 = st.text(st.sampled_from("0123456789"), min_size=4, max_size=8)


@pytest.fixture
def pins_in(store: Store) -> PinsIn:
    return PinsIn(store)


def give(pins_in: PinsIn, person: Person, at: datetime, *, pin: str, duress: str = "") -> None:
    with pins_in.pins() as pins:
        pins.keep(person, hashed(pin, pins.secret, QUICK), at)
        if duress:
            pins.keep_duress(person, hashed(duress, pins.secret, QUICK))


def says(pins_in: PinsIn, person: Person, typed: str) -> PinAnswer:
    with pins_in.pins() as pins:
        return answer(typed, pins.of(person), pins.secret, QUICK)


def test_one_guess_costs_19_mib_and_2_passes() -> None:
    assert Cost(memory_kib=19_456, passes=2) == USUAL


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("012345", PinAnswer.RIGHT),
        ("998877", PinAnswer.DURESS),
        ("12345", PinAnswer.WRONG),
        ("0123450", PinAnswer.WRONG),
        ("", PinAnswer.WRONG),
    ],
)
def test_typed_pin_is_told_from_the_duress_pin(
    pins_in: PinsIn, eileen: Person, now: datetime, typed: str, answered: PinAnswer
) -> None:
    give(pins_in, eileen, now, pin="012345", duress="998877")
    assert says(pins_in, eileen, typed) is answered


def test_holder_without_a_pin_has_none(pins_in: PinsIn, eileen: Person) -> None:
    assert says(pins_in, eileen, "012345") is PinAnswer.ABSENT


def test_new_pin_ends_the_old_one_and_the_duress_pin(pins_in: PinsIn, eileen: Person, now: datetime) -> None:
    give(pins_in, eileen, now, pin="012345", duress="998877")
    give(pins_in, eileen, now, pin="246802")
    assert [says(pins_in, eileen, typed) for typed in ("012345", "998877", "246802")] == [
        PinAnswer.WRONG,
        PinAnswer.WRONG,
        PinAnswer.RIGHT,
    ]


@pytest.mark.parametrize(("only_duress", "left"), [(True, PinAnswer.RIGHT), (False, PinAnswer.ABSENT)])
def test_pin_can_be_removed(pins_in: PinsIn, eileen: Person, now: datetime, only_duress: bool, left: PinAnswer) -> None:
    give(pins_in, eileen, now, pin="012345", duress="998877")
    with pins_in.pins() as pins:
        pins.remove(eileen, only_duress=only_duress)
    assert says(pins_in, eileen, "012345") is left
    assert says(pins_in, eileen, "998877") is not PinAnswer.DURESS


def test_claim_says_whether_the_holder_has_a_pin(
    pins_in: PinsIn, eileen: Person, badge: Credential, now: datetime
) -> None:
    def has_pin() -> bool:
        with pins_in.store.people() as people:
            claim = people.claim(badge, "a" * 64)
        return claim is not None and claim.has_pin

    assert not has_pin()
    give(pins_in, eileen, now, pin="012345")
    assert has_pin()


def test_erased_person_leaves_no_pin(pins_in: PinsIn, eileen: Person, now: datetime) -> None:
    give(pins_in, eileen, now, pin="012345")
    pins_in.store.erase(eileen, now)
    with pins_in.pins() as pins:
        assert pins.of(eileen) == NO_PIN


@pytest.mark.parametrize("swap", ["pin = duress", "duress = pin"])
def test_hash_in_the_other_ones_place_is_refused(pins_in: PinsIn, eileen: Person, now: datetime, swap: str) -> None:
    """The vault binds it; what opens nothing is a fault, never another answer."""
    give(pins_in, eileen, now, pin="012345", duress="998877")
    with sqlite3.connect(pins_in.store.path) as connection:
        connection.execute(f"UPDATE pins SET {swap}")
    connection.close()
    with pytest.raises(Exception) as raised, pins_in.pins() as pins:  # noqa: PT011 - the fake vault's own
        pins.of(eileen)
    assert type(raised.value).__name__ == "InvalidTag"


def test_locked_vault_tells_nothing(store: Store, eileen: Person, now: datetime) -> None:
    pins_in = PinsIn(store, KeptVault())
    give(pins_in, eileen, now, pin="012345")
    pins_in.vault.is_locked = True
    with pytest.raises(KeyMissing), pins_in.pins() as pins:
        pins.of(eileen)


def test_database_alone_finds_no_pin_in_10_000_guesses() -> None:
    """Even with the hash unsealed: without the secret of the device a guess of the very PIN misses."""
    stolen = PinHashes(hashed("4711", SECRET, QUICK))
    assert answer("4711", stolen, SECRET, QUICK) is PinAnswer.RIGHT
    guesses = [f"{number:04}" for number in range(10_000)]
    hits = [guess for guess in guesses if answer(guess, stolen, b"another".ljust(32), QUICK) is PinAnswer.RIGHT]
    assert hits == []


def test_file_holds_neither_pin_nor_hash(pins_in: PinsIn, eileen: Person, now: datetime) -> None:
    give(pins_in, eileen, now, pin="80461739")
    with pins_in.pins() as pins:
        kept = pins.of(eileen).pin
    pins_in.store.close()
    content = b"".join(path.read_bytes() for path in pins_in.store.path.parent.iterdir() if path.is_file())
    assert kept is not None
    assert [secret in content for secret in (b"80461739", kept, kept[16:])] == [False, False, False]


def test_hashes_are_never_printed() -> None:
    assert repr(PinHashes(b"p" * 48, b"d" * 48)) == "PinHashes()"


@given(pins_of_4_to_8, pins_of_4_to_8, pins_of_4_to_8)
def test_answer_is_that_of_plain_text(pin: str, duress: str, typed: str) -> None:
    known = PinHashes(hashed(pin, SECRET, QUICK), hashed(duress, SECRET, QUICK))
    expected = {pin: PinAnswer.RIGHT} | {duress: PinAnswer.DURESS}
    assert answer(typed, known, SECRET, QUICK) is expected.get(typed, PinAnswer.WRONG)


@given(pins_of_4_to_8)
def test_same_pin_is_kept_differently_each_time(pin: str) -> None:
    assert hashed(pin, SECRET, QUICK) != hashed(pin, SECRET, QUICK)
