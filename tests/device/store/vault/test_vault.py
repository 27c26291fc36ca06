"""What is sealed opens for whom and what it was sealed for, with the key, and for nothing else."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import KeyMissing, StoreError
from device.records import Person
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.store.vault.key_file import Kind

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
KEY_FILE = "device.key"
SEALED_MORE = 33


@pytest.fixture
def store(tmp_path: Path, journal: str) -> Iterator[Store]:  # noqa: ARG001 - chosen before the store opens
    with Store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Where the store's device key lies."""
    return tmp_path / "state-keys" / KEY_FILE


@pytest.fixture
def two(store: Store) -> tuple[Person, Person]:
    with store.people() as people:
        return people.add("Ada", NOON), people.add("Grace", NOON)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("one"), places=KeyInMemory()) as opened:
        yield opened


@given(st.binary(max_size=2000), st.integers(1, 5), st.binary(max_size=40), st.sampled_from(Kind))
def test_what_is_sealed_opens(one_store: Store, plain: bytes, person_id: int, about: bytes, kind: Kind) -> None:
    sealed = one_store.vault.seal(plain, person_id=person_id, about=about, kind=kind)
    assert one_store.vault.open(sealed, person_id=person_id, about=about, kind=kind) == plain
    assert len(sealed) - len(plain) == SEALED_MORE


@given(st.data())
def test_record_with_a_flipped_bit_opens_for_no_one(one_store: Store, data: st.DataObject) -> None:
    sealed = bytearray(one_store.vault.seal(b"a secret", person_id=1, about=b"x"))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(StoreError):
        one_store.vault.open(bytes(sealed), person_id=1, about=b"x")


@given(st.binary(max_size=200))
def test_anything_else_is_refused(one_store: Store, junk: bytes) -> None:
    one_store.vault.seal(b"", person_id=1, about=b"x")
    with pytest.raises(StoreError):
        one_store.vault.open(junk, person_id=1, about=b"x")


@pytest.mark.parametrize(
    ("person_id", "about", "kind"),
    [(2, b"x", Kind.PERSON), (1, b"y", Kind.PERSON), (1, b"x", Kind.FACE), (1, b"", Kind.PERSON)],
)
def test_record_put_in_another_place_is_refused(one_store: Store, person_id: int, about: bytes, kind: Kind) -> None:
    sealed = one_store.vault.seal(b"a secret", person_id=1, about=b"x")
    one_store.vault.seal(b"", person_id=person_id, about=about, kind=kind)
    with pytest.raises(StoreError):
        one_store.vault.open(sealed, person_id=person_id, about=about, kind=kind)


def test_record_of_another_store_is_refused(one_store: Store, store: Store, two: tuple[Person, Person]) -> None:
    sealed = one_store.vault.seal(b"a secret", person_id=two[0].id, about=b"x")
    store.vault.seal(b"", person_id=two[0].id, about=b"x")
    with pytest.raises(StoreError, match=f"person {two[0].id} is damaged, or was put in another's place"):
        store.vault.open(sealed, person_id=two[0].id, about=b"x")


def test_keys_of_many_are_made_in_one_go(store: Store, two: tuple[Person, Person]) -> None:
    sealed = store.vault.seal(b"a secret", person_id=two[0].id, about=b"x")
    store.vault.make_ready([person.id for person in two], Kind.PERSON)
    assert store.vault.file.holders() == (two[0].id, two[1].id)
    assert store.vault.open(sealed, person_id=two[0].id, about=b"x") == b"a secret"


def test_secrets_differ_by_purpose_and_stay(store: Store, tmp_path: Path) -> None:
    secret, other = store.vault.secret("pin"), store.vault.secret("badge")
    assert (len(secret), secret != other) == (32, True)
    with Store(tmp_path / "state") as again:
        assert again.vault.secret("pin") == secret


def test_first_use_makes_a_key_that_its_owner_alone_reads(store: Store, key: Path) -> None:
    assert not key.exists()
    store.vault.secret("pin")
    assert (oct(key.stat().st_mode), oct(key.parent.stat().st_mode)) == ("0o100600", "0o40700")


def test_opening_a_store_makes_no_key(store: Store, key: Path) -> None:
    assert (store.key_trouble(), store.vault.trouble(), key.parent.exists()) == ("", "", False)
    assert not store.path.with_name("lintel-keys.db").exists()


def test_key_is_in_no_file_of_the_state_folder(store: Store, two: tuple[Person, Person], key: Path) -> None:
    store.vault.seal(b"a secret", person_id=two[0].id, about=b"x")
    secret = store.vault.begin().secret
    assert all(secret not in path.read_bytes() for path in store.path.parent.iterdir())
    assert secret.hex() not in repr(store.vault.begin())
    assert key.exists()


def reopened(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def sealed_and_closed(store: Store, person: Person) -> bytes:
    sealed = store.vault.seal(b"a secret", person_id=person.id, about=b"x")
    store.close()
    return sealed


def test_key_that_is_gone_is_missed_and_never_replaced(
    store: Store, two: tuple[Person, Person], key: Path, tmp_path: Path
) -> None:
    sealed = sealed_and_closed(store, two[0])
    key.rename(tmp_path / "elsewhere")
    with reopened(tmp_path) as later:
        uses: list[Callable[[], bytes]] = [
            lambda: later.vault.open(sealed, person_id=two[0].id, about=b"x"),
            lambda: later.vault.seal(b"", person_id=two[0].id, about=b"x"),
            lambda: later.vault.secret("pin"),
        ]
        for use in uses:
            with pytest.raises(KeyMissing, match="is missing; looked in"):
                use()
        assert "is missing; looked in" in later.vault.trouble()
        assert not key.exists()
        (tmp_path / "elsewhere").rename(key)
        assert later.vault.open(sealed, person_id=two[0].id, about=b"x") == b"a secret"


def test_another_key_is_named_as_another(store: Store, two: tuple[Person, Person], key: Path, tmp_path: Path) -> None:
    sealed_and_closed(store, two[0])
    key.unlink()
    with Store(tmp_path / "other") as other:
        other.vault.begin()
    (tmp_path / "other-keys" / KEY_FILE).rename(key)
    with reopened(tmp_path) as later, pytest.raises(KeyMissing, match="is missing; found another one"):
        later.vault.secret("pin")


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 32, b"lintel-device-key-1 c2hvcnQ=\n", "lintel-device-key-1 ü".encode()]
)
def test_damaged_key_file_is_named_and_stays(
    store: Store, two: tuple[Person, Person], key: Path, tmp_path: Path, content: bytes
) -> None:
    sealed_and_closed(store, two[0])
    key.write_bytes(content)
    with reopened(tmp_path) as later, pytest.raises(KeyMissing, match="holds no device key"):
        later.vault.secret("pin")
    assert key.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\0" * 32])
def test_damaged_key_of_a_fresh_store_is_not_replaced(store: Store, key: Path, content: bytes) -> None:
    key.parent.mkdir()
    key.write_bytes(content)
    with pytest.raises(KeyMissing, match="holds no device key"):
        store.vault.secret("pin")
    assert key.read_bytes() == content


def test_data_keys_that_are_gone_are_missed(store: Store, two: tuple[Person, Person], tmp_path: Path) -> None:
    sealed = sealed_and_closed(store, two[0])
    for path in (tmp_path / "state").glob("lintel-keys.db*"):
        path.unlink()
    with reopened(tmp_path) as later:
        for _ in range(2):
            with pytest.raises(KeyMissing, match="The data keys are missing"):
                later.vault.open(sealed, person_id=two[0].id, about=b"x")
            with pytest.raises(KeyMissing, match="The data keys are missing"):
                later.vault.seal(b"", person_id=two[0].id, about=b"x")


def test_data_keys_of_another_store_are_noticed(store: Store, two: tuple[Person, Person], tmp_path: Path) -> None:
    sealed_and_closed(store, two[0])
    with Store(tmp_path / "other") as other:
        other.vault.begin()
    for path in (tmp_path / "other").glob("lintel-keys.db*"):
        path.rename(tmp_path / "state" / path.name)
    with reopened(tmp_path) as later, pytest.raises(KeyMissing, match="those of another store"):
        later.vault.secret("pin")


def test_credential_of_systemd_comes_first(
    store: Store, two: tuple[Person, Person], key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = sealed_and_closed(store, two[0])
    (tmp_path / "credentials").mkdir()
    key.rename(tmp_path / "credentials" / "lintel.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    with reopened(tmp_path) as later:
        assert later.vault.open(sealed, person_id=two[0].id, about=b"x") == b"a secret"
        assert later.vault.begin().place == str(tmp_path / "credentials" / "lintel.key")


def test_rotation_keeps_what_is_sealed_and_its_secrets(store: Store, two: tuple[Person, Person], key: Path) -> None:
    sealed, secret = store.vault.seal(b"a secret", person_id=two[0].id, about=b"x"), store.vault.secret("pin")
    before = key.read_bytes()
    new = store.vault.rotate()
    assert store.vault.open(sealed, person_id=two[0].id, about=b"x") == b"a secret"
    assert (store.vault.secret("pin"), key.read_bytes() == before, new.place) == (secret, False, str(key))
    assert [path.name for path in key.parent.iterdir()] == [KEY_FILE]


def test_rotation_is_noticed_by_a_running_process(store: Store, two: tuple[Person, Person], tmp_path: Path) -> None:
    sealed = store.vault.seal(b"a secret", person_id=two[0].id, about=b"x")
    with reopened(tmp_path) as other:
        other.vault.rotate()
        newer = other.vault.seal(b"newer", person_id=two[1].id, about=b"x")
    assert store.vault.open(sealed, person_id=two[0].id, about=b"x") == b"a secret"
    assert store.vault.open(newer, person_id=two[1].id, about=b"x") == b"newer"


def test_old_key_opens_nothing_after_a_rotation(
    store: Store, two: tuple[Person, Person], key: Path, tmp_path: Path
) -> None:
    store.vault.seal(b"a secret", person_id=two[0].id, about=b"x")
    before = key.read_bytes()
    old = store.vault.file.newest(two[0].id, Kind.PERSON)
    assert old
    store.vault.rotate()
    store.close()
    left = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
    assert (old.content in left, before == key.read_bytes()) == (False, False)


def test_two_rotations_at_once_are_refused(store: Store, key: Path) -> None:
    store.vault.begin()
    content = key.read_bytes()
    with store.vault.places.turn(), pytest.raises(StoreError, match="being rotated by another"):
        store.vault.rotate()
    assert (key.read_bytes() == content, store.vault.trouble()) == (True, "")


def test_key_that_was_installed_is_not_installed_again(store: Store, key: Path) -> None:
    """Whoever opened it while it was prepared holds its old place."""
    store.vault.begin()
    prepared = store.vault.places.prepare()
    store.vault.places.install(prepared)
    content = key.read_bytes()
    store.vault.places.install(prepared)
    assert key.read_bytes() == content


def test_copy_in_memory_opens_what_is_sealed(store: Store, two: tuple[Person, Person]) -> None:
    sealed = store.vault.seal(b"a secret", person_id=two[0].id, about=b"x")
    with store.copy_in_memory() as copy:
        assert copy.vault.open(sealed, person_id=two[0].id, about=b"x") == b"a secret"
        assert copy.vault.seal(b"", person_id=two[1].id, about=b"x")
    assert store.vault.file.newest(two[1].id, Kind.PERSON) is None
