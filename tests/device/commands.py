"""What the tests see of a command line: how it is called, and what it did."""

import contextlib
import io
import sys
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import pytest

from device.cli.main import cli
from device.commandline import run_command


@dataclass(frozen=True)
class Ended:
    """What a command line did."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Lintel(Protocol):
    """Runs a command line: `lintel("people", "list", typed="y\\n")`."""

    def __call__(self, *arguments: object, typed: str = "") -> Ended: ...


def in_this_process(monkeypatch: pytest.MonkeyPatch, *arguments: object, typed: str = "") -> Ended:
    """What a command line does in this process."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exit_code = run_command(cli, [str(argument) for argument in arguments])
    return Ended(exit_code, out.getvalue(), err.getvalue())
