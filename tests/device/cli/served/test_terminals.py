"""A command at the operator's terminal: its own one in between has its size, its prompts and its Ctrl-C."""

import os
import pty
import select
import time
from dataclasses import dataclass

import pytest

from tests.device.cli.served.house import LINTEL, House
from tests.waiting import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Shown:
    """What was seen on a terminal, and how it ended."""

    code: int
    text: str


def at_terminal(house: House, *words: str, prompt: bytes = b"", typed: bytes = b"") -> Shown:
    """A command on a terminal of its own, where something is typed once it prompts."""
    process, terminal = pty.fork()
    if process == 0:  # no test goes on here
        os.execve(LINTEL, ["lintel", *words], {**house.environment, "COLUMNS": "60"})
    seen, is_typed, deadline = b"", False, time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # the last one who had it open has gone
            break
        if prompt and prompt in seen and not is_typed:
            is_typed = True
            os.write(terminal, typed)
    os.close(terminal)
    return Shown(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), seen.decode())


def test_prompt_and_answer_are_shown_as_without_the_service(house: House) -> None:
    shown = at_terminal(house, "people", "find", "-", prompt=b"TEXT|BADGE: ", typed=b"17:1\r")
    assert shown == Shown(0, "TEXT|BADGE: 17:1\r\nEileen Collins: badge 17:1, 1 reference\r\n")


def test_ctrl_c_ends_the_command(house: House) -> None:
    shown = at_terminal(house, "people", "find", "-", prompt=b"TEXT|BADGE: ", typed=b"\x03")
    assert (shown.code, shown.text.splitlines()[-1]) == (130, "Stopped.")


def test_lines_are_those_of_a_terminal(house: House) -> None:
    assert at_terminal(house, "people", "list").text.splitlines() == [
        "Eileen Collins: badge 17:1, 1 reference",
        "Grace Hopper: no badge, 1 reference",
    ]


@pytest.mark.parametrize("end", [b"\x04", b"\r"])
def test_nothing_typed_is_wrong_use(house: House, end: bytes) -> None:
    assert at_terminal(house, "people", "find", "-", prompt=b"TEXT|BADGE: ", typed=end).code == 2
