"""`lintel door` asks the running service."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from device.control.client import FILE_NAME
from device.control.desk import Ordered, door_desk
from device.control.server import ControlServer
from device.door.operation import Door
from device.door.wires.gpio import BoardIO
from device.records import DoorCommand, DoorInput, DoorOutput, Line
from device.settings.tables import DoorSettings, InputSettings, OutputSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.cli.door.bench import DOOR, NO
from tests.device.commands import Lintel
from tests.device.control.bench import me
from tests.device.lgpio import Lgpio
from tests.processes import output_of, started
from tests.waiting import PATIENCE_S

OTHERS = ["status", "release", "lockdown", "evacuate", "clear"]
DPS = InputSettings(signal=DoorInput.DPS, pin=6)
FIRE = InputSettings(signal=DoorInput.FIRE, channel=0)
LEDS = (OutputSettings(signal=DoorOutput.LED, pin=20), OutputSettings(signal=DoorOutput.SIREN, pin=21))


class Running:
    """A service: two doors on simulated pins and a virtual clock, main with a door switch, back with a fire input."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.pins = SimulatedPins(self.clock)
        self.pins.set_line(FIRE, Line.QUIET)
        self.noted: list[Ordered] = []
        self.doors = {
            door.name: self._door(door)
            for door in (
                DoorSettings(pin=17, inputs=(DPS,), outputs=LEDS),
                DoorSettings(name="back", pin=27, strike_time_s=5.0, inputs=(FIRE,)),
            )
        }
        self.server = ControlServer(folder / FILE_NAME, door_desk(self.doors, self.noted.append))

    def _door(self, settings: DoorSettings) -> Door:
        io = BoardIO(settings, self.pins.factory, self.clock)
        door = Door(settings, io, self.clock)
        self.clock.attend(io)
        self.clock.attend(door)
        return door

    def released(self) -> set[str]:
        return {name for name, pin in (("main", 17), ("back", 27)) if self.pins.history(pin)[-1].high}


@pytest.fixture
def running(runtime: Path) -> Iterator[Running]:
    running = Running(runtime)
    yield running
    running.server.close()


@pytest.mark.parametrize("command", OTHERS)
def test_without_a_service_it_says_so(lintel: Lintel, runtime: Path, command: str) -> None:  # noqa: ARG001 - the folder is there
    ended = lintel("door", command)
    assert (ended.exit_code, "No service answers" in ended.err) == (DOOR, True)
    assert "systemctl start lintel" in ended.err


@pytest.mark.parametrize("command", OTHERS)
def test_without_the_services_folder_it_says_so_too(
    lintel: Lintel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path / "none")
    assert "No service answers" in lintel("door", command).err


@pytest.mark.usefixtures("running")
def test_status_shows_all_doors(lintel: Lintel) -> None:
    ended = lintel("door", "status")
    assert ended.exit_code == 0
    assert "main: locked for " in ended.out
    assert ", strike secure\n  wires: dps quiet\nback: locked for " in ended.out
    assert ended.out.endswith(", strike secure\n  wires: fire quiet\n")


@pytest.mark.usefixtures("running")
def test_status_of_one_door_as_json(lintel: Lintel) -> None:
    (status,) = lintel("door", "status", "--door", "back", "--json").json
    assert status.pop("for_s") >= 0
    assert status == {
        "door": "back",
        "state": "locked",
        "released": False,
        "on": [],
        "lines": {"fire": "quiet"},
        "troubles": [],
        "chip": "",
        "schedule": "",
        "pad": "",
        "target_fmr": None,
        "transaction_far_at_most": None,
        "stolen_badge_within_50_at_most": None,
    }


def test_status_says_that_a_print_is_not_stopped(lintel: Lintel, running: Running) -> None:
    running.doors["main"].pad = "passive; no prompt: a print is not stopped"
    said = "\n  presentation attacks: passive; no prompt: a print is not stopped\n"
    assert said in lintel("door", "status", "--door", "main").out


def test_status_names_the_chip(lintel: Lintel, running: Running) -> None:
    running.doors["main"].chip = "pinctrl-rp1, /dev/gpiochip13, 54 lines"
    assert "\n  chip: pinctrl-rp1, /dev/gpiochip13, 54 lines\n" in lintel("door", "status", "--door", "main").out


def test_damaged_wire_is_in_the_status(lintel: Lintel, running: Running) -> None:
    running.pins.set_line(FIRE, Line.CUT)
    running.clock.sleep(1.0)
    assert "fire cut" in lintel("door", "status").out


def test_release_is_for_one_door_and_noted(lintel: Lintel, running: Running) -> None:
    ended = lintel("door", "release", "--door", "main")
    assert (ended.exit_code, running.released()) == (0, {"main"})
    assert "main: released for " in ended.out
    assert running.noted == [Ordered("main", DoorCommand.RELEASE, me())]


def test_release_for_a_time_is_noted_and_shown(lintel: Lintel, running: Running) -> None:
    ended = lintel("door", "release", "--door", "main", "--for", "30m")
    assert (ended.exit_code, running.released()) == (0, {"main"})
    assert "\n  schedule: released by an operator for another 1800 s\n" in ended.out
    assert running.noted == [Ordered("main", DoorCommand.RELEASE, me(), 1800.0)]
    running.clock.sleep(1799)
    assert running.released() == {"main"}
    running.clock.sleep(2)
    assert running.released() == set()


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("time", ["0s", "25h", "-5m", "5", "m", "1e3s", "\u0663m", ""])
def test_release_for_no_time_is_a_mistake(lintel: Lintel, time: str) -> None:
    assert lintel("door", "release", "--door", "main", "--for", time).exit_code == 2


def test_released_door_shows_what_is_on(lintel: Lintel, running: Running) -> None:  # noqa: ARG001 - it runs
    assert "strike RELEASED\n  on: lamp, led, shunt\n" in lintel("door", "release", "--door", "main").out


def test_release_needs_a_name(lintel: Lintel, running: Running) -> None:
    ended = lintel("door", "release")
    assert (ended.exit_code, "--door: main, back" in ended.err, running.released()) == (DOOR, True, set())


def test_release_ends_by_itself(lintel: Lintel, running: Running) -> None:
    lintel("door", "release", "--door", "main")
    running.clock.sleep(10.0)
    assert running.released() == set()


def test_secure_ends_releases(lintel: Lintel, running: Running) -> None:
    lintel("door", "release", "--door", "main")
    lintel("door", "release", "--door", "back")
    ended = lintel("door", "secure")
    assert (ended.exit_code, running.released()) == (0, set())
    assert "main: locked" in ended.out


def test_secure_is_left_to_the_service_that_has_the_pins(lintel: Lintel, running: Running, lgpio: Lgpio) -> None:
    lgpio.refused = {"output"}
    lintel("door", "release", "--door", "main")
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.err, running.released()) == (0, "", set())


def test_secure_reaches_the_service_with_wrong_settings(
    lintel: Lintel, running: Running, config: Callable[..., Any]
) -> None:
    config("[[doors]]\npni = 5\n")
    lintel("door", "release", "--door", "main")
    assert (lintel("door", "secure").exit_code, running.released()) == (0, set())


def test_lockdown_is_for_all_doors_and_lets_nobody_in(lintel: Lintel, running: Running) -> None:
    assert lintel("door", "lockdown").exit_code == 0
    ended = lintel("door", "release", "--door", "main")
    assert (ended.exit_code, ended.err, running.released()) == (
        NO,
        "Door main didn't carry out release: it is in lockdown until `lintel door clear`.\n",
        set(),
    )


def test_lockdown_of_one_door(lintel: Lintel, running: Running) -> None:
    lintel("door", "lockdown", "--door", "main")
    assert lintel("door", "release", "--door", "back").exit_code == 0
    assert running.released() == {"back"}


def test_evacuation_releases_all_doors_until_it_is_cleared(lintel: Lintel, running: Running) -> None:
    assert (lintel("door", "evacuate").exit_code, running.released()) == (0, {"main", "back"})
    running.clock.sleep(100.0)
    assert running.released() == {"main", "back"}
    assert (lintel("door", "clear").exit_code, running.released()) == (0, set())


def test_evacuated_door_that_is_not_secured_is_told(lintel: Lintel, running: Running) -> None:
    lintel("door", "evacuate")
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.err) == (
        NO,
        "Door main stays released: it is evacuated until `lintel door clear`.\n"
        "Door back stays released: it is evacuated until `lintel door clear`.\n",
    )
    assert running.released() == {"main", "back"}


def test_evacuation_that_a_fire_keeps_up_is_not_cleared(lintel: Lintel, running: Running) -> None:
    running.pins.set_line(FIRE, Line.ACTIVE)
    running.clock.sleep(1.0)
    ended = lintel("door", "clear")
    assert (ended.exit_code, ended.err, running.released()) == (
        NO,
        "Door back didn't carry out clear: it is evacuated until its fire input is quiet and `lintel door clear`.\n",
        {"back"},
    )


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("command", [*OTHERS, "secure"])
def test_door_that_the_service_does_not_have_is_named(
    lintel: Lintel, command: str, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config("[[doors]]\npin = 5\n")
    ended = lintel("door", command, "--door", "side")
    assert (ended.exit_code, "no door 'side'" in ended.err, driven()) == (DOOR, True, [])


@pytest.mark.usefixtures("lgpio")
def test_service_is_asked_whatever_keeps_the_pins_from_being_driven(
    lintel: Lintel, config: Callable[..., Any], running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    config("[[doors]]\npin = 17\n")
    lintel("door", "release", "--door", "main")
    assert running.released() == {"main"}

    def broken(_relays: object) -> NoReturn:
        raise OSError("no folder to write into")

    monkeypatch.setattr("device.door.securing.secure.secure_all", broken)
    assert lintel("door", "secure").exit_code == 0
    assert running.released() == set()


@pytest.fixture
def hung(runtime: Path) -> Iterator[None]:
    """A service that takes requests and never answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(runtime / FILE_NAME))
        listener.listen()
        yield


@pytest.mark.usefixtures("hung")
def test_service_that_does_not_have_the_pins_is_not_waited_for(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config("[[doors]]\npin = 5\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, set(driven()), ended.err) == (0, {(5, 0)}, "")


@pytest.mark.usefixtures("hung")
def test_service_that_hangs_and_has_the_pin_is_an_error_soon(
    lintel: Lintel, config: Callable[..., Any], lgpio: Lgpio
) -> None:
    config("[[doors]]\npin = 5\n")
    lgpio.refused = {"output"}
    began = time.monotonic()
    ended = lintel("door", "secure")
    assert (ended.exit_code, "GPIO busy" in ended.err) == (DOOR, True)
    assert "does not answer: timed out" in ended.err
    assert time.monotonic() - began < PATIENCE_S / 2


def edited(config: Callable[..., Any], runtime: Path, lgpio: Lgpio) -> None:
    """The service drives pin 17; the settings name pin 5 by now, and it has not been restarted since."""
    (runtime / "relays.json").write_text('{"relays": [{"name": "main", "pin": 17}]}')
    config("[[doors]]\npin = 5\n")
    lgpio.refused = {("output", 17)}


def test_service_with_earlier_settings_ends_its_release(
    lintel: Lintel, config: Callable[..., Any], running: Running, runtime: Path, lgpio: Lgpio
) -> None:
    """It may be the other program that has a pin which the settings name no more."""
    edited(config, runtime, lgpio)
    lintel("door", "release", "--door", "main")
    assert running.released() == {"main"}
    assert lintel("door", "secure").exit_code == 0
    assert running.released() == set()


@pytest.mark.usefixtures("hung")
def test_service_with_earlier_settings_that_hangs_is_an_error(
    lintel: Lintel, config: Callable[..., Any], runtime: Path, lgpio: Lgpio
) -> None:
    edited(config, runtime, lgpio)
    ended = lintel("door", "secure")
    assert (ended.exit_code, "does not answer: timed out" in ended.err, "GPIO 17" in ended.err) == (DOOR, True, True)


@pytest.mark.usefixtures("runtime")
def test_whatever_is_wrong_with_the_control_socket_does_not_matter(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "device.control.client", None)
    config("[[doors]]\npin = 5\n")
    assert (lintel("door", "secure").exit_code, set(driven())) == (0, {(5, 0)})


STOPPED = """
import sys, threading
from pathlib import Path
from device.control.desk import door_desk
from device.control.server import ControlServer

server = ControlServer(Path(sys.argv[1]), door_desk({}, print))
print("listens", flush=True)
threading.Event().wait()
"""


def test_stopped_process_is_a_service_that_hangs(
    lintel: Lintel, config: Callable[..., Any], lgpio: Lgpio, runtime: Path
) -> None:
    config("[[doors]]\npin = 5\n")
    lgpio.refused = {"output"}
    command = [sys.executable, "-c", STOPPED, runtime / FILE_NAME]
    with started(command, stdout=subprocess.PIPE) as service:
        assert output_of(service).readline() == "listens\n"
        service.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, service.pid, os.WSTOPPED)  # each thread of it; until then one may still answer
        ended = lintel("door", "secure")
    assert (ended.exit_code, "does not answer" in ended.err) == (DOOR, True)


def test_commands_of_several_operators_do_not_mix(lintel_process: Lintel, running: Running) -> None:
    """Processes of their own, all at once."""
    commands = [("lockdown", "main"), ("evacuate", "back"), ("status", "main"), ("status", "back")]
    ended = {}

    def run(command: str, name: str) -> None:
        ended[command, name] = lintel_process("door", command, "--door", name, "--json").json[0]["door"]

    operators = [threading.Thread(target=run, args=one) for one in commands]
    for operator in operators:
        operator.start()
    for operator in operators:
        operator.join()
    assert ended == {one: one[1] for one in commands}
    assert running.released() == {"back"}
