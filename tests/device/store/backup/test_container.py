"""The encrypted file: nothing of it can be read, changed, cut off or swapped without being noticed."""

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import BackupError
from device.store.backup.container import Reader, Secret, Writer, new_identity

PASSPHRASE = "correct horse battery"
CHUNK = 65_536
IDENTITY, RECIPIENT = new_identity()


def made(content: bytes) -> bytes:
    file = io.BytesIO()
    writer = Writer(file, recipient=RECIPIENT)
    writer.write(content)
    writer.close()
    return file.getvalue()


def opened(sealed: bytes, count: int, identity: str = IDENTITY) -> bytes:
    reader = Reader(io.BytesIO(sealed), Secret(identity=identity))
    content = reader.read(count)
    reader.finish()
    return content


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_written_is_read(size: int) -> None:
    content = os.urandom(size)
    assert opened(made(content), size) == content


def test_passphrase_opens_what_it_sealed() -> None:
    file = io.BytesIO()
    writer = Writer(file, passphrase=PASSPHRASE)
    writer.write(b"people")
    writer.close()
    assert Reader(io.BytesIO(file.getvalue()), Secret(PASSPHRASE)).read(6) == b"people"
    with pytest.raises(BackupError, match="another passphrase or identity"):
        Reader(io.BytesIO(file.getvalue()), Secret("another horse battery")).read(6)


def test_plain_text_is_not_in_the_file() -> None:
    assert b"Eileen Collins" not in made(b"Eileen Collins" * 100)


def test_another_identity_opens_nothing() -> None:
    with pytest.raises(BackupError, match="another passphrase or identity"):
        opened(made(b"people"), 6, new_identity()[0])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(made(bytes(CHUNK + 100)))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BackupError):
        opened(bytes(sealed), CHUNK + 100)


@given(st.integers(0, 2 * CHUNK))
@settings(max_examples=40, deadline=None)
def test_any_cut_is_noticed(kept: int) -> None:
    sealed = made(bytes(2 * CHUNK))
    with pytest.raises(BackupError):
        opened(sealed[:kept], 2 * CHUNK)


def test_swapped_chunks_are_noticed() -> None:
    sealed = made(bytes(3 * CHUNK))
    step = CHUNK + 16
    begin = len(sealed) - 3 * step
    swapped = sealed[:begin] + sealed[begin + step : begin + 2 * step] + sealed[begin : begin + step]
    with pytest.raises(BackupError):
        opened(swapped + sealed[begin + 2 * step :], 3 * CHUNK)


def test_what_is_added_behind_the_end_is_noticed() -> None:
    with pytest.raises(BackupError):
        opened(made(b"people") + b"more", 6)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"lintel-backup", os.urandom(500)])
def test_what_is_no_backup_is_named(content: bytes) -> None:
    with pytest.raises(BackupError, match="not a backup of Lintel"):
        Reader(io.BytesIO(content), Secret(PASSPHRASE))


def test_newer_form_is_named() -> None:
    with pytest.raises(BackupError, match="has the form '2', and this version reads form 1"):
        Reader(io.BytesIO(b"lintel-backup 2\n" + bytes(100)), Secret(PASSPHRASE))


def test_secret_of_the_other_kind_is_named() -> None:
    with pytest.raises(BackupError, match="made for a recipient"):
        Reader(io.BytesIO(made(b"x")), Secret(PASSPHRASE))


def test_short_passphrase_is_refused() -> None:
    with pytest.raises(BackupError, match="has 5 letters, expected 12 or more"):
        Writer(io.BytesIO(), passphrase="short")


@pytest.mark.parametrize(
    "text",
    ["", "lintel-recipient-", RECIPIENT[:-1], IDENTITY, RECIPIENT[:20] + "0" + RECIPIENT[21:]],
    ids=["nothing", "head", "too short", "identity", "a digit that none has"],
)
def test_mistyped_recipient_is_refused(text: str) -> None:
    with pytest.raises(BackupError):
        Writer(io.BytesIO(), passphrase="", recipient=text or "x")


def test_identity_is_not_in_the_words_of_a_secret() -> None:
    assert repr(Secret(PASSPHRASE, IDENTITY)) == "Secret()"
