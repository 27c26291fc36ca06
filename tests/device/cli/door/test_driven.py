"""`lintel door secure` without a service goes by what was driven last."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.securing.driven import remember
from device.records import DoorOutput
from device.settings.tables import DoorSettings, OutputSettings
from tests.device.cli.door.bench import DOOR
from tests.device.commands import Lintel
from tests.device.lgpio import Lgpio

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
