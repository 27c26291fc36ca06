"""The moment that an upgrade waits for, and what doctor and status say of one that failed or waits."""

import signal
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from device.appliance.machine import Machine
from device.appliance.page import Light
from device.appliance.upgrades import is_quiet, upgrade_lines, wait_until_quiet
from device.cli.text.service_status import service_lines
from device.clock import SystemClock
from device.records import DoorState, DoorStatus, Outputs
from device.service_facts import ServiceFacts
from device.settings.tables import Settings
from device.store.store import Store
from device.upgrade_marks import UpgradeMarks, upgrade_marks
from tests.device.commands import Lintel

LOCKED = DoorStatus("main", DoorState.LOCKED, 0.0, (), Outputs())
RELEASED = replace(LOCKED, state=DoorState.RELEASED, outputs=Outputs(released=True))
EVACUATED = replace(RELEASED, state=DoorState.EVACUATION)
LET_OUT_IN_FAULT = replace(RELEASED, state=DoorState.FAULT)
OPEN = replace(LOCKED, state=DoorState.OPEN)
LOCKDOWN = replace(LOCKED, state=DoorState.LOCKDOWN)
ATTENDED = replace(LOCKED, attended=True)
FORCED = replace(LOCKED, state=DoorState.FORCED)


class PassingClock(SystemClock):
    """Time that passes where it is waited for."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def put(root: Path, name: str, words: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{words}\n")


@pytest.mark.parametrize("door", [RELEASED, EVACUATED, LET_OUT_IN_FAULT, OPEN], ids=lambda door: str(door.state))
def test_released_or_open_door_is_no_quiet_moment(door: DoorStatus) -> None:
    assert not is_quiet((LOCKED, door))


def test_someone_without_a_verdict_yet_is_no_quiet_moment() -> None:
    assert not is_quiet((LOCKED, ATTENDED))


@pytest.mark.parametrize("doors", [(LOCKED,), (LOCKDOWN, FORCED), (), None])
def test_locked_doors_and_no_service_are_a_quiet_moment(doors: tuple[DoorStatus, ...] | None) -> None:
    assert is_quiet(doors)


@pytest.mark.parametrize(("released_s", "comes"), [(0.0, True), (299.0, True), (301.0, False)])
def test_moment_is_waited_for_within_the_time(released_s: float, comes: bool) -> None:
    clock = PassingClock()

    def doors() -> tuple[DoorStatus, ...]:
        return (RELEASED if clock.now < released_s else LOCKED,)

    assert wait_until_quiet(doors, 300.0, clock, pause=clock.pause) is comes
    assert clock.now <= 301.0


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in that takes down what it is asked, in a file of this name; `refuses` beside it makes it fail."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    asked = tmp_path / "asked"
    show = f'[ "$1" != show ] || exec cat {tmp_path}/process'
    program.write_text(f'#!/bin/sh\n{show}\necho "$@" >>{asked}\n[ ! -e {tmp_path}/refuses ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return asked


def test_quiet_moment_is_the_moment_of_the_restart(lintel: Lintel, systemctl: Path) -> None:
    """No service answers here, which is quiet."""
    assert lintel("self-test", "--until-quiet", "0", "--then-restart").exit_code == 0
    assert systemctl.read_text() == "restart --no-block lintel.service\n"


def test_process_is_told_before_the_service_manager(lintel: Lintel, systemctl: Path) -> None:
    """On a busy machine the manager's way to it is long, and someone may come meanwhile."""
    with subprocess.Popen(["sleep", "60"]) as service:
        (systemctl.parent / "process").write_text(f"{service.pid}\n")
        assert lintel("self-test", "--until-quiet", "0", "--then-restart").exit_code == 0
        assert service.wait(10) == -signal.SIGTERM
    assert systemctl.read_text() == "restart --no-block lintel.service\n"


def test_restart_that_is_not_taken_is_an_error(lintel: Lintel, systemctl: Path) -> None:
    """And not the exit code 1 of a door that is released."""
    (systemctl.parent / "refuses").touch()
    ended = lintel("self-test", "--until-quiet", "0", "--then-restart")
    assert (ended.exit_code, "did not take the restart" in ended.err) == (7, True)


def test_released_door_is_not_restarted(lintel: Lintel, systemctl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.control.client.ask_doors", lambda _socket: (RELEASED,))
    monkeypatch.setattr("device.control.client.control_socket", lambda: Path("there"))
    assert lintel("self-test", "--until-quiet", "0", "--then-restart").exit_code == 1
    assert not systemctl.exists()


@pytest.mark.parametrize(
    ("marks", "light", "said"),
    [
        ({}, Light.GREEN, ""),
        ({"failed": "0.1.1: no room."}, Light.RED, "a new version is not in use - 0.1.1: no room"),
        ({"restart-due": "0.1.0"}, Light.AMBER, "0.1.1 waits for a moment in which no door is released"),
        ({"restart-due": ""}, Light.AMBER, "0.1.1 waits for a moment in which no door is released"),
        (
            {"failed": "0.1.1: no room", "restart-due": "0.1.0"},
            Light.RED,
            "a new version is not in use - 0.1.1: no room",
        ),
    ],
)
def test_doctor_and_status_read_the_marks(tmp_path: Path, marks: dict[str, str], light: Light, said: str) -> None:
    put(tmp_path, "usr/share/lintel/version", "0.1.1")
    for name, words in marks.items():
        put(tmp_path, f"var/lib/lintel-upgrade/{name}", words)
    (line,) = upgrade_lines(Machine(Settings(), None, SystemClock(), root=tmp_path))
    assert (line.light, line.what) == (light, said or "no version waits")
    with Store(tmp_path / "state") as store, closing(ServiceFacts(store, root=tmp_path)) as facts:
        facts.look()
        status = facts.status()
    assert [one for one in service_lines(status, [LOCKED]) if "upgrade" in one] == (
        [f"upgrade: {said}"] if said else []
    )


def test_mark_that_cannot_be_read_counts_as_a_failure(tmp_path: Path) -> None:
    (tmp_path / "var/lib/lintel-upgrade/failed").mkdir(parents=True)
    assert "can't be read" in upgrade_marks(tmp_path).words


def test_no_mark_says_nothing(tmp_path: Path) -> None:
    assert upgrade_marks(tmp_path) == UpgradeMarks()
