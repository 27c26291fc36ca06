"""Each kind of error has its words in one place, and what may hold a badge or a name is left out of them."""

import errno
import os
import re
import sqlite3
import termios
from pathlib import Path

import cv2
import gpiozero
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convert
import device
from device.errors import DoorError, ReaderError, StoreError
from device.failures import in_words, named

WORDS = [
    (StoreError("The database is gone.", hint="Look for it."), "The database is gone."),
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/lib/lintel"), "No space left on device"),
    (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), "No such file or directory"),
    (TimeoutError(), "TimeoutError"),
    (termios.error(5, "Input/output error"), "Input/output error"),
    (sqlite3.OperationalError("database is locked"), "database is locked"),
    (sqlite3.DatabaseError(), "sqlite3.DatabaseError"),
    (gpiozero.PinInvalidPin("99 is not a valid pin"), "99 is not a valid pin"),
    (ModuleNotFoundError("No module named 'osdp'", name="osdp"), "the Python package osdp is missing"),
    (MemoryError(), "there is not enough memory"),
    (ValueError("17:1001"), "the program failed with ValueError"),
    (cv2.error("face of Ada"), "the program failed with cv2.error"),
    (UnicodeEncodeError("utf-8", "Ada", 0, 1, "surrogates"), "the program failed with UnicodeEncodeError"),
]


@pytest.mark.parametrize(("error", "words"), WORDS, ids=[type(error).__name__ for error, _ in WORDS])
def test_each_kind_has_its_words(error: Exception, words: str) -> None:
    assert in_words(error) == words


def test_unknown_kind_says_where_it_happened() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        _ = 1 // 0
    assert in_words(raised.value).startswith("the program failed with ZeroDivisionError at test_failures.py:")


@given(
    text=st.text(st.characters(categories=["Lu", "Nd"]), min_size=12, max_size=40),
    kind=st.sampled_from([ValueError, RuntimeError, KeyError, OSError, cv2.error, ArithmeticError]),
)
def test_what_an_unknown_error_says_is_never_repeated(text: str, kind: type[Exception]) -> None:
    assert text not in in_words(kind(text))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("'GPIO  busy'\n"), "'GPIO busy'"),
        (OSError("it hung up."), "it hung up"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_quoted_error_is_one_line_in_its_own_words(error: Exception, words: str) -> None:
    assert in_words(error, quoted=True) == words


def test_refusal_of_the_system_gets_a_type_and_a_hint() -> None:
    with pytest.raises(DoorError) as raised, named(DoorError, "Cannot write the mode", hint="Make room."):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert (raised.value.message, raised.value.hint) == ("Cannot write the mode: Read-only file system.", "Make room.")


def test_bug_is_left_as_it_is() -> None:
    with pytest.raises(ValueError, match="17:1001"), named(DoorError, "Cannot write the mode", hint="Make room."):
        raise ValueError("17:1001")


def test_library_without_a_root_of_errors_is_quoted() -> None:
    class Busy(Exception):
        """A pin library's own."""

    with (
        pytest.raises(ReaderError, match=r"Cannot take GPIO 5: GPIO busy\."),
        named(ReaderError, "Cannot take GPIO 5", hint="Stop the service.", quoted=True),
    ):
        raise Busy("GPIO busy")


def test_error_of_ours_passes_with_its_own_hint() -> None:
    with pytest.raises(StoreError, match="gone") as raised, named(DoorError, "No", hint="", quoted=True):
        raise StoreError("The database is gone.", hint="Look for it.")
    assert raised.value.hint == "Look for it."


def test_no_other_file_reads_what_the_system_says() -> None:
    files = [file for room in (device, convert) for file in Path(str(room.__file__)).parent.rglob("*.py")]
    assert [file.name for file in files if re.search(r"error\.strerror", file.read_text())] == ["failures.py"]
