"""`lintel door secure` without a service: the relays, chips and polarities of the settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.door.securing.driven import remember
from device.door.wires.chip import Chip
from device.records import DoorOutput
from device.settings.tables import DoorSettings, OutputSettings
from tests.device.cli.door.bench import DOOR
from tests.device.commands import Lintel
from tests.device.lgpio import Lgpio


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
