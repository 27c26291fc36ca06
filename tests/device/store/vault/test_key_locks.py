"""A key that a machine locks opens there alone: a copy of the whole disk opens nothing elsewhere, a file's does."""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import KeyMissing
from device.files import keys_folder
from device.store.store import Store
from device.store.vault.key_files import KeyFiles
from device.store.vault.key_text import parsed, wipe, written
from device.store.vault.locked_key import PassphraseLock
from device.store.vault.locks import KeyLock, LockKind
from device.store.vault.otp import OtpLock, VcMailbox
from device.store.vault.tpm import TpmLock
from tests.device.machines import Machines

WORDS = "correct horse battery staple"
ABOUT = b"x"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, monkeypatch)


def on_pi(machines: Machines, name: str) -> AbstractContextManager[None]:
    machines.pi(name)
    return nullcontext()


def with_tpm(machines: Machines, name: str) -> AbstractContextManager[None]:
    return machines.tpm(name)


def burnt() -> KeyLock:
    lock = OtpLock(VcMailbox())
    if lock.is_empty:
        lock.burn()
    return lock


def sealed_at(state: Path, lock: KeyLock | None) -> bytes:
    """A record of a store whose key lies there, locked."""
    with Store(state, places=KeyFiles(state, lock)) as store:
        with store.people() as people:
            people.add("Ada", NOON)
        return store.vault.seal(b"a face", person_id=1, about=ABOUT)


def opened_at(state: Path, sealed: bytes, lock: KeyLock | None) -> bytes:
    with Store(state, places=KeyFiles(state, lock)) as store:
        return store.vault.open(sealed, person_id=1, about=ABOUT)


def copied(state: Path, folder: Path) -> Path:
    """A copy of all that lies on the disk."""
    copy = folder / "elsewhere" / state.name
    for source, target in ((state, copy), (keys_folder(state), keys_folder(copy))):
        shutil.copytree(source, target)
    return copy


def test_copy_of_a_disk_with_the_key_in_a_file_opens(tmp_path: Path) -> None:
    sealed = sealed_at(tmp_path / "state", None)
    assert opened_at(copied(tmp_path / "state", tmp_path), sealed, None) == b"a face"


@pytest.mark.parametrize(("machine", "made"), [(on_pi, burnt), (with_tpm, TpmLock)], ids=["otp", "tpm"])
def test_copy_of_a_disk_opens_on_its_own_machine_alone(
    machines: Machines,
    tmp_path: Path,
    machine: Callable[[Machines, str], AbstractContextManager[None]],
    made: Callable[[], KeyLock],
) -> None:
    with machine(machines, "a"):
        sealed = sealed_at(tmp_path / "state", made())
    copy = copied(tmp_path / "state", tmp_path)
    with machine(machines, "b"), pytest.raises(KeyMissing):
        opened_at(copy, sealed, made())
    with machine(machines, "a"):
        assert opened_at(copy, sealed, made()) == b"a face"


def test_copy_of_a_disk_with_a_passphrase_opens_with_it_alone(tmp_path: Path) -> None:
    sealed = sealed_at(tmp_path / "state", PassphraseLock(WORDS))
    copy = copied(tmp_path / "state", tmp_path)
    with pytest.raises(KeyMissing, match="The passphrase is another one"):
        opened_at(copy, sealed, PassphraseLock(WORDS + "s"))
    assert opened_at(copy, sealed, PassphraseLock(WORDS)) == b"a face"


@pytest.mark.parametrize("kind", ["otp", "tpm"])
def test_service_user_alone_opens_no_locked_key(machines: Machines, tmp_path: Path, kind: str) -> None:
    with on_pi(machines, "a") if kind == "otp" else with_tpm(machines, "a"):
        sealed = sealed_at(tmp_path / "state", burnt() if kind == "otp" else TpmLock())
        with pytest.raises(KeyMissing, match="which root opens at the start of the service"):
            opened_at(tmp_path / "state", sealed, None)


def test_fuses_are_burnt_once(machines: Machines) -> None:
    pi, lock = machines.pi("a"), OtpLock(VcMailbox())
    lock.burn()
    rows = (pi / "rows").read_text()
    with pytest.raises(KeyMissing, match="did not take the key"):
        lock.burn()
    assert ((pi / "rows").read_text(), (pi / "burns").read_text()) == (rows, "x")


def test_empty_fuses_lock_nothing(machines: Machines, tmp_path: Path) -> None:
    machines.pi("a")
    with pytest.raises(KeyMissing, match="are empty"):
        sealed_at(tmp_path / "state", OtpLock(VcMailbox()))
    assert not (tmp_path / "state-keys" / "device.key").exists()


def test_fuses_that_are_locked_open_nothing(machines: Machines, tmp_path: Path) -> None:
    pi = machines.pi("a")
    sealed = sealed_at(tmp_path / "state", burnt())
    (pi / "locked").touch()
    with pytest.raises(KeyMissing, match="empty, or locked until it is started again"):
        opened_at(tmp_path / "state", sealed, OtpLock(VcMailbox()))


ANSWERS = {
    "nothing": "true",
    "junk": "echo hello",
    "an error": "echo 0x40 0x80000001 0x30081 0x28 0x80000028 0 8 1 2 3 4 5 6 7 8 0",
    "a tag without an answer": "echo 0x40 0x80000000 0x30081 0x28 0x28 0 8 1 2 3 4 5 6 7 8 0",
    "too little": "echo 0x40 0x80000000 0x30081 0x28 0x80000028 0 8 1",
    "a failure": "exit 1",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_firmware_that_does_not_answer_is_an_error(machines: Machines, tmp_path: Path, answer: str) -> None:
    machines.pi("a")
    (tmp_path / "bin" / "vcmailbox").write_text(f"#!/bin/sh\n{answer}\n")
    with pytest.raises(KeyMissing) as raised:
        VcMailbox().read()
    assert "Raspberry Pi 4 or 5" in raised.value.hint


@pytest.mark.parametrize(
    ("name", "lock"), [("vcmailbox", OtpLock(VcMailbox())), ("systemd-creds", TpmLock())], ids=["otp", "tpm"]
)
def test_machine_without_the_program_says_which(machines: Machines, tmp_path: Path, name: str, lock: KeyLock) -> None:
    machines.without(name)
    with pytest.raises(KeyMissing, match=f"There is no program {name} here"):
        sealed_at(tmp_path / "state", lock)


@pytest.mark.parametrize("content", ["", "AAAA", "not base64!", "A" * 400])
@pytest.mark.parametrize("kind", list(LockKind))
def test_damaged_locked_key_opens_nothing(machines: Machines, tmp_path: Path, kind: LockKind, content: str) -> None:
    machines.pi("a")
    sealed = sealed_at(tmp_path / "state", burnt())
    key = tmp_path / "state-keys" / "device.key"
    key.write_bytes(kind.head + content.encode() + b"\n")
    lock = {LockKind.OTP: burnt(), LockKind.TPM: TpmLock(), LockKind.PASSPHRASE: PassphraseLock(WORDS)}[kind]
    with pytest.raises(KeyMissing):
        opened_at(tmp_path / "state", sealed, lock)


@given(st.binary(min_size=32, max_size=32))
def test_key_is_read_as_it_was_written(secret: bytes) -> None:
    assert parsed(bytearray(written(bytearray(secret)))) == secret


@given(st.binary(min_size=32, max_size=32), st.data())
def test_line_that_was_changed_is_no_other_key(secret: bytes, data: st.DataObject) -> None:
    """Of the letter before the last one, two bits mean nothing and have to be zero."""
    line = bytearray(written(bytearray(secret)))
    place = data.draw(st.integers(0, len(line) - 2))
    line[place] = data.draw(st.integers(0, 255).filter(lambda value: value != line[place]))
    found = bytearray()
    with suppress(ValueError):
        found = parsed(line)
    assert found != secret


@given(st.binary(max_size=200))
def test_anything_else_is_no_key(junk: bytes) -> None:
    with pytest.raises(ValueError, match="holds no device key"):
        parsed(bytearray(junk))


@pytest.mark.parametrize(
    "made", [lambda path, other: path.symlink_to(other), lambda path, other: path.hardlink_to(other)]
)
def test_root_wipes_no_file_of_another_name(tmp_path: Path, made: Callable[[Path, Path], None]) -> None:
    """The folder is the service's user's, and root puts a key back there."""
    other, planted = tmp_path / "other", tmp_path / "device.key.next"
    other.write_text("root's own")
    made(planted, other)
    wipe(planted)
    assert (other.read_text(), planted.is_symlink() or planted.exists()) == ("root's own", False)


def test_root_waits_for_no_pipe_in_the_keys_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "device.key.next")
    wipe(tmp_path / "device.key.next")
    os.mkfifo(tmp_path / "forgotten")
    files = KeyFiles(tmp_path / "state")
    files.folder.symlink_to(tmp_path)
    assert (list(tmp_path.glob("device*")), files.forgotten()) == ([], "The device key was forgotten.")
