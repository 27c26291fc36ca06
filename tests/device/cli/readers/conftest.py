"""Fixtures of the tests beside it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.commissioning import alone


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Path]:
    """A settings file with this content."""

    def write(text: str) -> Path:
        path = tmp_path / "lintel.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Path]:
    """A FIFO that a program holds open, so that what is written waits for its reader."""
    path = tmp_path / "reader"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)
    yield path
    os.close(held)


@pytest.fixture
def desk(configured: Callable[[str], Path], fifo: Path) -> Path:
    """The settings of a reader at a FIFO."""
    return configured(f'[[doors]]\n[[doors.readers]]\nname = "desk"\nsource = "{fifo}"\n')


@pytest.fixture
def front(configured: Callable[[str], Path]) -> Path:
    """The settings of a Wiegand reader."""
    return configured(
        '[[doors]]\n[[doors.readers]]\nname = "front"\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\nled_pin = 13\n'
    )


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """A systemd that says whether the service runs."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def says(*, runs: bool) -> None:
        script = folder / "systemctl"
        script.write_text(f"#!/bin/sh\n[ \"$*\" = 'is-active --quiet lintel' ] && exit {0 if runs else 3}\nexit 9\n")
        script.chmod(0o755)

    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(alone, "SYSTEMD", folder)
    return says
