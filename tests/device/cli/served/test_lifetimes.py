"""A command's process lasts no longer than who asked for it, and no longer than the service."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from device.control.client import ask_doors
from device.control.commands import Commands
from device.control.server import ControlServer
from device.records import DoorCommand
from tests.device.cli.served.house import LINTEL, ROOT, House, desk_of
from tests.device.cli.served.raw import admitted
from tests.processes import output_of, started
from tests.waiting import quickest_s, until


def typing(house: House) -> subprocess.Popen[bytes]:
    """A command that waits for what is typed."""
    return subprocess.Popen(
        [LINTEL, "people", "find", "-"],
        env=house.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def commands_of(process: int) -> list[int]:
    """Processes of commands that a service has started."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):
            numbers = map(int, (task / "children").read_text().split())
            found += [one for one in numbers if b"administered" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return found


def served() -> list[int]:
    """Those of this process, which is the service."""
    return commands_of(os.getpid())


def has_ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


@pytest.fixture
def waiting(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """A command that has its process; those of other tests have ended before and after, also on a slow machine."""
    until(lambda: not served())
    program = typing(house)
    until(lambda: bool(served()))
    yield program
    program.kill()
    program.communicate()
    until(lambda: not served())


def test_command_ends_when_its_client_does(waiting: subprocess.Popen[bytes]) -> None:
    waiting.kill()
    until(lambda: not served())


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_command_ends_with_the_service(house: House, end: signal.Signals) -> None:
    apart = replace(house, runtime=house.runtime / "apart")
    apart.runtime.mkdir()
    command = [sys.executable, "-m", "tests.device.cli.served.serve", str(house.state), str(apart.runtime)]
    with started(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as service:
        assert output_of(service).readline() == "listens\n"
        program = typing(apart)
        until(lambda: bool(commands_of(service.pid)))
        (process,) = commands_of(service.pid)
        service.send_signal(end)
        until(lambda: has_ended(process))
        program.communicate()
    assert program.returncode == 7


def test_two_at_once_and_others_wait_while_the_doors_answer(house: House) -> None:
    until(lambda: not served())
    programs = [typing(house) for _ in range(4)]
    until(lambda: len(served()) == 2)
    took_s = quickest_s(lambda: ask_doors(house.socket, DoorCommand.LOCKDOWN), 1.0, tries=3)
    for program in programs:  # all before any is waited for: which two come first is open
        assert program.stdin is not None
        program.stdin.write(b"17:1\n")
        program.stdin.flush()
    said = [program.communicate(timeout=120)[0] for program in programs]
    assert [(one, program.returncode) for one, program in zip(said, programs, strict=True)] == [
        (b"Eileen Collins: badge 17:1, 1 reference\n", 0)
    ] * 4
    assert took_s < 1.0


def test_client_that_sends_no_channel_holds_a_place_for_5_s(house: House) -> None:
    with admitted(house, "people list") as connection:
        assert b'"slow"' in connection.recv(4096)


def test_command_that_takes_too_long_is_ended(house: House) -> None:
    desk = desk_of(house)
    short = Commands(None, house.state, most_s=0.5)
    hasty = replace(desk, handlers={**desk.handlers, "administer": short.progress})  # type: ignore[dict-item]
    path = house.runtime / "other"
    path.mkdir()
    with closing(ControlServer(path / "control.sock", hasty)):
        program = subprocess.Popen(
            [LINTEL, "people", "find", "-"],
            env={**house.environment, "RUNTIME_DIRECTORY": str(path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        program.wait(60)
        program.communicate()
    assert program.returncode in (128 + 2, 128 + 9)


def test_process_of_a_command_comes_after_the_doors(waiting: subprocess.Popen[bytes]) -> None:
    (process,) = served()
    until(lambda: Path(f"/proc/{process}/oom_score_adj").read_text().strip() == "800")
    status = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    assert (waiting.poll(), int(status[16]) >= 15) == (None, True)


def test_scratch_folder_is_gone_with_the_command(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    assert house.lintel("people", "list").code == 0
    until(lambda: not list((tmp_path / "scratch").iterdir()))
