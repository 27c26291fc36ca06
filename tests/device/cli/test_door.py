"""`lintel door`: commands to the running service; and without one, whatever was driven is secured all the same."""

import json
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

import msgspec
import pytest

from device.control.client import FILE_NAME
from device.control.desk import Ordered, door_desk
from device.control.server import ControlServer
from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.operation import Door
from device.door.securing.driven import remember
from device.door.wires.chip import Chip
from device.door.wires.gpio import BoardIO
from device.records import DoorCommand, DoorInput, DoorOutput, Line
from device.settings.tables import DoorSettings, InputSettings, OutputSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.commands import Lintel
from tests.device.lgpio import Lgpio
from tests.processes import output_of, started

HEAVY = {
    "cv2",
    "numpy",
    "sqlite3",
    "sqlite_utils",
    "device.assembly",
    "device.access",
    "device.store",
    "osdp",
    "serial",
}
IMPORTED = """
import sys
from device.cli.main import cli
from device.commandline import run_command

code = run_command(cli, ["--config", "/none.toml", "door", "secure"])
print(code, *sys.modules)
"""
NO, DOOR = 1, 7
OTHERS = ["status", "release", "lockdown", "evacuate", "clear"]
DPS = InputSettings(signal=DoorInput.DPS, pin=6)
FIRE = InputSettings(signal=DoorInput.FIRE, channel=0)
LEDS = (OutputSettings(signal=DoorOutput.LED, pin=20), OutputSettings(signal=DoorOutput.SIREN, pin=21))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Writes the settings file that every command reads."""
    path = tmp_path / "lintel.toml"
    monkeypatch.setenv("LINTEL_CONFIG", str(path))
    return path.write_text


@pytest.fixture
def driven(lgpio: Lgpio) -> Callable[..., Any]:
    """(pin, level) of what was driven, in its order."""
    return lambda: [call[2:] for call in lgpio.asked if call[0] in ("output", "write")]


def test_relay_of_the_settings_is_secured(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config("[[doors]]\npin = 5\nactive_high = false\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.out) == (0, "The relay on GPIO 5 is secured.\n")
    assert set(driven()) == {(5, 1)}


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("active_high", [True, False])
def test_wrong_settings_do_not_keep_the_relay_released(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any], active_high: bool
) -> None:
    remember([DoorSettings(pin=5, active_high=active_high)])
    config("[[doors]]\npni = 5\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.out) == (0, "The relay on GPIO 5 is secured.\n")
    assert set(driven()) == {(5, int(not active_high))}


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("unsaid", ["active_high", "fail_safe"])
def test_polarity_that_the_settings_do_not_say_is_the_one_driven_last(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any], unsaid: str
) -> None:
    """For this relay high is secure in both ways; each setting alone would say the contrary."""
    odd: dict[str, bool] = (
        {"active_high": False, "fail_safe": False} if unsaid == "active_high" else {"fail_safe": True}
    )
    remember([msgspec.structs.replace(DoorSettings(pin=5), **odd)])
    said = "fail_safe = false" if unsaid == "active_high" else "active_high = true"
    config(f"[[doors]]\npin = 5\n{said}\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.parametrize(("fail_safe", "level"), [("false", 0), ("true", 1)])
def test_fail_safe_strike_is_energized_to_be_locked(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any], fail_safe: str, level: int
) -> None:
    config(f"[[doors]]\npin = 5\nfail_safe = {fail_safe}\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, level)}


PI_5 = Chip("pinctrl-rp1", "/dev/gpiochip13", 54)
EXPANDER = ("pcf8574", 8)


@pytest.fixture
def renumbered(lgpio: Lgpio, dev: Path) -> Callable[..., Any]:
    """A Raspberry Pi 5 whose header was numbered 13, with another chip at 0."""
    lgpio.chips = {0: EXPANDER, 13: ("pinctrl-rp1", 54)}
    (dev / "gpiochip13").touch()
    return lambda: [(call[1] - 7, *call[2:]) for call in lgpio.asked if call[0] in ("output", "write")]


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("chip", ["", "pinctrl-rp1", "/dev/gpiochip13"])
def test_relay_is_secured_on_the_chip_where_it_was_driven(
    lintel: Lintel, config: Callable[..., Any], renumbered: Callable[..., Any], chip: str
) -> None:
    remember([DoorSettings(pin=5, active_high=False)], chip=PI_5)
    config(f'[[doors]]\npin = 5\n[gpio]\nchip = "{chip}"\n')
    assert (lintel("door", "secure").exit_code, renumbered()) == (0, [(13, 5, 1)])


@pytest.mark.usefixtures("runtime")
def test_chip_was_renumbered_since_the_relay_was_driven(
    lintel: Lintel, config: Callable[..., Any], renumbered: Callable[..., Any]
) -> None:
    remember([DoorSettings(pin=5)], chip=Chip("pinctrl-rp1", "/dev/gpiochip4", 54))
    config('[[doors]]\npin = 5\n[gpio]\nchip = "pinctrl-rp1"\n')
    assert (lintel("door", "secure").exit_code, renumbered()) == (0, [(13, 5, 0)])


@pytest.mark.usefixtures("runtime")
def test_another_chip_in_the_settings_does_not_move_the_relay(
    lintel: Lintel, config: Callable[..., Any], renumbered: Callable[..., Any]
) -> None:
    """Pin 6 of the chip where pin 5 was driven is a stranger's."""
    remember([DoorSettings(pin=5)], chip=PI_5)
    config('[[doors]]\npin = 6\n[gpio]\nchip = "pcf8574"\n')
    ended = lintel("door", "secure")
    assert (ended.exit_code, renumbered()) == (0, [(13, 5, 0)])
    assert "The settings name the GPIO chip pcf8574" in ended.err


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(("chip", "expected"), [("", [(13, 5, 0)]), ("pcf8574", [(0, 5, 0)])])
def test_chip_that_is_unplugged_keeps_no_door_from_starting(
    lintel: Lintel,
    config: Callable[..., Any],
    renumbered: Callable[..., Any],
    chip: str,
    expected: list[tuple[int, int, int]],
) -> None:
    remember([DoorSettings(pin=6)], chip=Chip("ftdi-cbus", "/dev/gpiochip2", 4))
    config(f'[[doors]]\npin = 5\n[gpio]\nchip = "{chip}"\n')
    assert (lintel("door", "secure").exit_code, renumbered()) == (0, expected)


@pytest.mark.usefixtures("runtime")
def test_output_is_off_on_the_chip_where_it_was_driven(
    lintel: Lintel, config: Callable[..., Any], renumbered: Callable[..., Any]
) -> None:
    remember([DoorSettings(pin=5, outputs=(OutputSettings(signal=DoorOutput.SHUNT, pin=6),))], PI_5)
    config("[[doors]]\npin = 5\n")
    assert (lintel("door", "secure").exit_code, renumbered()) == (0, [(13, 5, 0), (13, 6, 0)])


def test_label_of_the_settings_is_the_chip_when_nothing_was_driven(
    lintel: Lintel, config: Callable[..., Any], renumbered: Callable[..., Any]
) -> None:
    config('[[doors]]\npin = 5\n[gpio]\nchip = "pcf8574"\n')
    assert (lintel("door", "secure").exit_code, renumbered()) == (0, [(0, 5, 0)])


def test_board_without_the_label_is_an_error_and_no_line_is_driven(
    lintel: Lintel, config: Callable[..., Any], lgpio: Lgpio
) -> None:
    lgpio.chips = {0: EXPANDER}
    config("[[doors]]\npin = 5\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, lgpio.levels()) == (DOOR, [])
    assert "Seen: pcf8574, /dev/gpiochip0, 8 lines." in " ".join(ended.err.split())


TWO_DOORS = """
[[doors]]
pin = 5
[[doors]]
name = "back"
pin = 6
active_high = false
camera = "back"
[[doors.readers]]
name = "back-reader"
source = "/dev/none"
[[cameras]]
[[cameras]]
name = "back"
source = "1"
"""


def test_all_doors_of_the_settings_are_secured(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config(TWO_DOORS)
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 0), (6, 1)}


def test_one_door_is_secured_by_its_name(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config(TWO_DOORS)
    assert lintel("door", "secure", "--door", "back").out == "The relay on GPIO 6 is secured.\n"
    assert set(driven()) == {(6, 1)}


def test_door_that_does_not_exist_is_named_and_no_pin_is_touched(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config(TWO_DOORS)
    ended = lintel("door", "secure", "--door", "side")
    assert (ended.exit_code, "no door 'side'" in ended.err, "back, main" in ended.err) == (DOOR, True, True)
    assert driven() == []


@pytest.mark.usefixtures("lgpio")
def test_what_was_secured_as_json(lintel: Lintel, config: Callable[..., Any]) -> None:
    config(TWO_DOORS)
    assert lintel("door", "secure", "--json").json == [
        {"door": "main", "pin": 5, "released": False},
        {"door": "back", "pin": 6, "released": False},
    ]


@pytest.mark.usefixtures("runtime")
def test_all_relays_driven_last_are_secured_with_wrong_settings(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    remember([DoorSettings(pin=5), DoorSettings(name="back", pin=6, active_high=False)])
    config("[[doors]]\npni = 5\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 0), (6, 1)}


@pytest.mark.usefixtures("runtime")
def test_door_that_is_no_longer_in_the_settings_is_secured_too(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    remember([DoorSettings(pin=5), DoorSettings(name="back", pin=6)])
    config("[[doors]]\npin = 5\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 0), (6, 0)}


@pytest.mark.usefixtures("runtime", "lgpio")
def test_wrong_settings_are_told_all_the_same(lintel: Lintel, config: Callable[..., Any]) -> None:
    remember([DoorSettings(pin=5)])
    config("[[doors]]\npni = 5\n")
    assert "unknown field `pni`" in lintel("door", "secure").err


@pytest.mark.usefixtures("runtime")
def test_relay_driven_before_the_settings_changed_is_secured_too(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    remember([DoorSettings(pin=5)])
    config("[[doors]]\npin = 6\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 0), (6, 0)}


@pytest.mark.usefixtures("runtime")
def test_polarity_is_that_of_the_settings_and_the_pin_never_flickers(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    remember([DoorSettings(pin=5, active_high=True)])
    config("[[doors]]\npin = 5\nactive_high = false\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.parametrize("settings", ["", "[[doors]]\npin = 5\n", "[vision]\nthreads = 1\n"])
@pytest.mark.usefixtures("runtime")
def test_a_polarity_that_nobody_states_is_the_one_driven_last(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any], settings: str
) -> None:
    remember([DoorSettings(pin=5, active_high=False)])
    config(settings)
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.usefixtures("runtime")
def test_without_a_settings_file_the_relay_driven_last_is_secured(
    lintel: Lintel, driven: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("device.door.securing.relays.DEFAULT_FILE", tmp_path / "none.toml")
    monkeypatch.delenv("LINTEL_CONFIG", raising=False)
    remember([DoorSettings(pin=5, active_high=False)])
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.usefixtures("runtime")
def test_outputs_of_the_door_that_is_secured_are_switched_off(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config('[[doors]]\npin = 5\n[[doors]]\nname = "back"\npin = 6\n')
    shunts = [(OutputSettings(signal=DoorOutput.SHUNT, pin=pin),) for pin in (7, 8)]
    remember([DoorSettings(pin=5, outputs=shunts[0]), DoorSettings(name="back", pin=6, outputs=shunts[1])])
    ended = lintel("door", "secure", "--door", "back")
    assert ended.out == "The relay on GPIO 6 is secured.\nThe shunt on GPIO 8 is off.\n"
    assert driven() == [(6, 0), (8, 0)]


@pytest.mark.usefixtures("runtime")
def test_output_whose_pin_is_a_relay_by_now_is_not_switched(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    """For this relay low releases."""
    config("[[doors]]\npin = 7\nactive_high = false\n")
    remember([DoorSettings(pin=5, outputs=(OutputSettings(signal=DoorOutput.SHUNT, pin=7),))])
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 0), (7, 1)}


@pytest.mark.usefixtures("runtime")
def test_relay_that_fails_does_not_keep_the_other_from_being_secured(
    lintel: Lintel,
    config: Callable[..., Any],
    driven: Callable[..., Any],
    lgpio: Lgpio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remember([DoorSettings(pin=5)])
    config("[[doors]]\npin = 6\n")
    claim = lgpio.gpio_claim_output

    def busy(handle: int, pin: int, *rest: int) -> None:
        if pin == 6:
            raise lgpio.error("GPIO busy")
        claim(handle, pin, *rest)

    monkeypatch.setattr(lgpio, "gpio_claim_output", busy)
    assert (lintel("door", "secure").exit_code, set(driven())) == (DOOR, {(5, 0)})


@pytest.fixture
def evacuated_back(config: Callable[..., Any], tmp_path: Path, runtime: Path) -> None:  # noqa: ARG001 - the service's own folder on this machine is another
    """Two doors, the second of which was evacuated when its service was killed."""
    config(f'[[doors]]\npin = 5\n[[doors]]\nname = "back"\npin = 6\n[store]\nstate_dir = "{tmp_path / "state"}"\n')
    ModeFile(tmp_path / "state", "back").write(Lasting(Mode(ordered=Order.EVACUATION)))


@pytest.mark.usefixtures("evacuated_back")
def test_evacuated_door_stays_released_and_it_says_so(lintel: Lintel, driven: Callable[..., Any]) -> None:
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.out) == (
        0,
        "The relay on GPIO 5 is secured.\n"
        "The relay on GPIO 6 stays released: the door is evacuated until `lintel door clear`.\n",
    )
    assert driven() == [(5, 0), (6, 1)]


@pytest.mark.usefixtures("evacuated_back")
def test_evacuated_door_is_locked_if_that_is_what_is_wanted(lintel: Lintel, driven: Callable[..., Any]) -> None:
    ended = lintel("door", "secure", "--even-evacuated")
    assert (ended.exit_code, ended.out) == (0, "The relay on GPIO 5 is secured.\nThe relay on GPIO 6 is secured.\n")
    assert driven() == [(5, 0), (6, 0)]


@pytest.mark.usefixtures("evacuated_back")
def test_evacuated_door_as_json(lintel: Lintel, driven: Callable[..., Any]) -> None:  # noqa: ARG001 - there are pins
    assert json.loads(lintel("door", "secure", "--json").out) == [
        {"door": "main", "pin": 5, "released": False},
        {"door": "back", "pin": 6, "released": True},
    ]


@pytest.mark.usefixtures("runtime")
def test_nothing_to_go_by_is_told_and_no_pin_is_touched(
    lintel: Lintel, config: Callable[..., Any], driven: Callable[..., Any]
) -> None:
    config("[[doors]]\npni = 5\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, "No relay to secure is known" in ended.err) == (DOOR, True)
    assert driven() == []


def test_securing_needs_no_vision_no_numbers_and_no_database() -> None:
    ended = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    code, *modules = ended.stdout.split()
    assert (code, HEAVY & set(modules)) == (str(DOOR), set())


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
    }


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
    assert running.noted == [Ordered("main", DoorCommand.RELEASE, os.getuid())]


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
    assert time.monotonic() - began < 4.0


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
