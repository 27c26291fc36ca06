"""A door whose process is killed while the strike is released: its pin stays so, and the unit's command secures it."""

import itertools
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import output_of, started

UNIT = Path(__file__).parents[3] / "systemd" / "lintel.service"
LINTEL = [sys.executable, str(Path(__file__).parent / "on_kept_pins.py")]
PIN, SHUNT_PIN = 5, 6
DOOR = 7
STOP_S = "5"
"""The unit gives the command so long."""
PATIENCE_S = "60"
"""So long it may take on a machine that runs other tests as well."""
MOST_WORK_S = 1.0
SECURED = f"The relay on GPIO {PIN} is secured.\nThe shunt on GPIO {SHUNT_PIN} is off.\n"


def unit_command(name: str) -> list[str]:
    """A command line of the unit, with Lintel where it is here, and with time for a busy machine."""
    line, *_ = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    before, secures, rest = line.partition(
        "/usr/libexec/lintel/secure"
    )  # which leaves the same levels: test_program.py
    assert (secures, rest) == ("/usr/libexec/lintel/secure", "")
    return [*(PATIENCE_S if word == STOP_S else word for word in shlex.split(before)), *LINTEL, "door", "secure"]


def work_s() -> float:
    """Processor time of the children that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class World:
    """A board whose pins outlast processes, a settings file, and the service's folder."""

    def __init__(self, folder: Path, active_high: bool, fail_safe: bool) -> None:
        self.released, self.secure = (level if active_high != fail_safe else 1 - level for level in (1, 0))
        self.pins, self.settings, runtime = folder / "pins", folder / "lintel.toml", folder / "runtime"
        self.pins.mkdir()
        runtime.mkdir()
        self.settings.write_text(
            f"[[doors]]\npin = {PIN}\nactive_high = {str(active_high).lower()}\nfail_safe = {str(fail_safe).lower()}\n"
            f'[[doors.outputs]]\nsignal = "shunt"\npin = {SHUNT_PIN}\n'
        )
        self.environment = {
            **os.environ,
            "LINTEL_TEST_PINS": str(self.pins),
            "LINTEL_CONFIG": str(self.settings),
            "RUNTIME_DIRECTORY": str(runtime),
            "STATE_DIRECTORY": str(folder / "state"),
        }

    def level(self, pin: int = PIN) -> int:
        return int((self.pins / str(pin)).read_bytes())

    def run(self, command: list[str]) -> subprocess.CompletedProcess[Any]:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(params=itertools.product([True, False], repeat=2), ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(tmp_path, *request.param)


@pytest.fixture
def service(world: World) -> Iterator[subprocess.Popen[Any]]:
    """A process that holds the strike released."""
    with started([*LINTEL, "hold"], env=world.environment, stdout=subprocess.PIPE) as process:
        assert output_of(process).readline() == "evacuation\n"
        yield process


def kill(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_pin_keeps_its_level_when_its_process_is_killed(world: World, service: subprocess.Popen[Any]) -> None:
    assert world.level() == world.released
    kill(service)
    assert world.level() == world.released


def test_command_of_the_unit_secures_the_strike(world: World, service: subprocess.Popen[Any]) -> None:
    kill(service)
    before_s = work_s()
    ended = world.run(unit_command("ExecStopPost"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, SECURED, "")
    assert world.level() == world.secure
    assert work_s() - before_s < MOST_WORK_S


def test_command_of_the_unit_ends_the_alarm_shunt(world: World, service: subprocess.Popen[Any]) -> None:
    """Left on, it would keep the alarm panel from hearing of the door until somebody starts the service."""
    kill(service)
    assert world.level(SHUNT_PIN) == 1
    world.run(unit_command("ExecStopPost"))
    assert world.level(SHUNT_PIN) == 0


def test_command_before_the_next_start_secures_the_strike(world: World, service: subprocess.Popen[Any]) -> None:
    kill(service)
    assert world.run(unit_command("ExecStartPre")).returncode == 0
    assert world.level() == world.secure


def test_strike_is_secured_with_settings_that_are_wrong_by_now(world: World, service: subprocess.Popen[Any]) -> None:
    kill(service)
    world.settings.write_text("[[doors]]\npni = 5\n")
    ended = world.run(unit_command("ExecStopPost"))
    assert (ended.returncode, world.level()) == (0, world.secure)


def test_strike_is_secured_with_settings_that_no_longer_speak_of_it(
    world: World, service: subprocess.Popen[Any]
) -> None:
    kill(service)
    world.settings.write_text("[[doors]]\npin = 6\n")
    ended = world.run(unit_command("ExecStopPost"))
    assert (ended.returncode, world.level()) == (0, world.secure)


@pytest.mark.usefixtures("service")
def test_pin_of_a_process_that_lives_cannot_be_taken(world: World) -> None:
    ended = world.run(unit_command("ExecStopPost"))
    assert (ended.returncode, "GPIO busy" in ended.stderr) == (DOOR, True)
    assert world.level() == world.released


@pytest.fixture
def evacuated(world: World) -> Iterator[subprocess.Popen[Any]]:
    """A process that holds the strike released for an ordered evacuation, which it remembers."""
    with started([*LINTEL, "evacuate"], env=world.environment, stdout=subprocess.PIPE) as process:
        assert output_of(process).readline() == "evacuation\n"
        yield process


@pytest.mark.parametrize("command", ["ExecStopPost", "ExecStartPre"])
def test_evacuation_outlasts_the_process(world: World, evacuated: subprocess.Popen[Any], command: str) -> None:
    kill(evacuated)
    ended = world.run(unit_command(command))
    assert (ended.returncode, world.level(), world.level(SHUNT_PIN)) == (0, world.released, 0)
    assert ended.stdout == (
        f"The relay on GPIO {PIN} stays released: the door is evacuated until `lintel door clear`.\n"
        f"The shunt on GPIO {SHUNT_PIN} is off.\n"
    )


def test_evacuation_is_driven_again_if_the_kernel_drops_the_level(
    world: World, evacuated: subprocess.Popen[Any]
) -> None:
    """As with `strict_gpiod`: the pin is an input between the processes, and the lock's own pull decides."""
    kill(evacuated)
    (world.pins / str(PIN)).write_text(str(world.secure))
    world.run(unit_command("ExecStopPost"))
    assert world.level() == world.released
