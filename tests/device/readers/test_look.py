"""A reader's device is looked for without opening it: what there has to be for each kind."""

import os
from pathlib import Path

import pytest

from device.errors import ReaderError
from device.readers.look import look_for
from device.settings.tables import ReaderSettings


def reader(kind: str, source: Path | str = "stdin") -> ReaderSettings:
    """A reader of this kind; on GPIO 14 and 15 if it has wires."""
    named = {"name": "front", "kind": kind, "source": str(source), "data0_pin": 14, "data1_pin": 15}
    return ReaderSettings(**named)  # type: ignore[arg-type]


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """One that others may write badges into."""
    os.mkfifo(tmp_path / "badges")
    return tmp_path / "badges"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file where a device is expected."""
    (tmp_path / "notes.txt").write_text("no device\n")
    return tmp_path / "notes.txt"


def test_wires_are_named_by_their_gpio_numbers() -> None:
    assert look_for(reader("wiegand")) == "GPIO 14 and 15"


def test_socket_may_still_be_missing(tmp_path: Path) -> None:
    """The reader makes it."""
    assert look_for(reader("socket", tmp_path / "none")) == str(tmp_path / "none")


def test_standard_input_is_always_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert look_for(reader("lines", "stdin")) == "stdin"


def test_fifo_is_there_for_lines(fifo: Path) -> None:
    assert look_for(reader("lines", fifo)) == str(fifo)


@pytest.mark.parametrize("kind", ["lines", "osdp", "wedge", "rdm6300", "pn532"])
def test_device_is_there_for_every_kind_with_a_source(kind: str) -> None:
    assert look_for(reader(kind, "/dev/null")) == "/dev/null"


@pytest.mark.parametrize("kind", ["lines", "osdp", "wedge", "rdm6300", "pn532"])
def test_missing_device_is_an_error_that_names_it(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match=f"{tmp_path}/none"):
        look_for(reader(kind, tmp_path / "none"))


def test_lines_do_not_come_from_a_file(file: Path) -> None:
    with pytest.raises(ReaderError, match="expected a character device or a FIFO"):
        look_for(reader("lines", file))


def test_osdp_line_is_not_a_fifo(fifo: Path) -> None:
    with pytest.raises(ReaderError, match="No serial line at "):
        look_for(reader("osdp", fifo))
