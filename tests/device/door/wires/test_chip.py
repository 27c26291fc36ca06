"""The board's own pins: none without a GPIO chip, and through lgpio a level that comes with its direction and stays."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Factory

from device.door.securing.driven import DrivenOutput
from device.door.securing.secure import secure_all
from device.door.wires import chip
from device.door.wires.chip import Chip
from device.door.wires.gpio import BoardIO, Relay, board_factory, chip_of
from device.errors import DoorError
from device.records import DoorOutput, Outputs
from device.settings.tables import DoorSettings, OutputSettings
from device.virtual.clock import SimulatedClock
from tests.device.lgpio import Lgpio

PIN = 17
CLOCK = SimulatedClock()


def relay(*, active_high: bool = True) -> Relay:
    return Relay(DoorSettings(pin=PIN, active_high=active_high), board_factory())


@pytest.mark.parametrize("active_high", [True, False])
def test_pin_becomes_an_output_with_its_level_in_one_request(lgpio: Lgpio, active_high: bool) -> None:
    taken = relay(active_high=active_high)
    assert [call for call in lgpio.asked if call[0] in ("output", "write")] == [
        ("output", 7, PIN, int(not active_high))
    ]
    taken.close()


@pytest.mark.parametrize("active_high", [True, False])
def test_release_and_secure_write_levels(lgpio: Lgpio, active_high: bool) -> None:
    taken = relay(active_high=active_high)
    taken.release()
    taken.secure()
    assert lgpio.levels() == [int(not active_high), int(active_high), int(not active_high)]
    taken.close()


def test_closed_pin_is_left_as_an_output(lgpio: Lgpio) -> None:
    taken = relay()
    taken.release()
    taken.close()
    after = lgpio.asked[lgpio.asked.index(("write", 7, PIN, 1)) :]
    assert [call[0] for call in after] == ["write", "write"]


@pytest.mark.parametrize("active_high", [True, False])
def test_closed_pin_is_left_secure(lgpio: Lgpio, active_high: bool) -> None:
    taken = relay(active_high=active_high)
    taken.release()
    taken.close()
    assert lgpio.levels()[-1] == int(not active_high)


def test_pin_is_never_an_input(lgpio: Lgpio) -> None:
    """An input floats, and a relay that floats may release."""
    taken = relay()
    taken.release()
    taken.close()
    assert [call for call in lgpio.asked if call[0] == "input"] == []


def test_pin_that_another_program_holds_is_an_error(lgpio: Lgpio) -> None:
    lgpio.refused = {"output"}
    with pytest.raises(DoorError, match="Cannot take GPIO 17, the relay of door main: GPIO busy"):
        relay()


def test_write_that_the_kernel_refuses_is_an_error(lgpio: Lgpio) -> None:
    taken = relay()
    lgpio.refused = {"write"}
    with pytest.raises(DoorError, match="Cannot release GPIO 17, the relay of door main: GPIO busy"):
        taken.release()
    lgpio.refused = set()
    taken.close()


def test_chip_that_cannot_be_opened_is_an_error(lgpio: Lgpio) -> None:
    lgpio.refused = {"open"}
    with pytest.raises(DoorError, match="Cannot open the GPIO chip /dev/gpiochip0: GPIO busy"):
        board_factory()


@pytest.fixture
def wired(lgpio: Lgpio) -> Iterator[tuple[BoardIO, Callable[..., Any]]]:
    """A door with an output; (it, what was driven since the last call)."""
    io = BoardIO(
        DoorSettings(pin=PIN, outputs=(OutputSettings(signal=DoorOutput.LED, pin=20),)), board_factory(), CLOCK
    )

    def driven() -> list[tuple[int, int]]:
        calls = [call[2:] for call in lgpio.asked if call[0] in ("output", "write")]
        lgpio.asked.clear()
        return calls

    yield io, driven
    io.close()


def test_strike_is_secured_before_anything_else_is_taken(wired: tuple[BoardIO, Callable[..., Any]]) -> None:
    assert wired[1]() == [(PIN, 0), (20, 0)]


def test_strike_is_released_last_and_secured_first(wired: tuple[BoardIO, Callable[..., Any]]) -> None:
    io, driven = wired
    driven()
    io.drive(Outputs(released=True, on=frozenset({DoorOutput.LED})))
    assert driven() == [(20, 1), (PIN, 1)]
    io.drive(Outputs())
    assert driven() == [(PIN, 0), (20, 0)]


def test_strike_is_secured_first_and_last_when_all_is_given_back(wired: tuple[BoardIO, Callable[..., Any]]) -> None:
    io, driven = wired
    io.drive(Outputs(released=True))
    driven()
    io.close()
    assert driven() == [(PIN, 0), (20, 0), (PIN, 0)]


PI_5, PI_4, PI_3 = ("pinctrl-rp1", 54), ("pinctrl-bcm2711", 58), ("pinctrl-bcm2835", 54)
POWER, EXPANDER = ("gpio-brcmstb@107d508500", 32), ("pcf8574", 8)
LATER_PI_5 = {11: POWER, 12: ("gpio-brcmstb@107d508520", 4), 13: PI_5, 14: EXPANDER, 15: ("brcmvirt-gpio", 2)}


@pytest.fixture
def board(lgpio: Lgpio, dev: Path) -> Callable[[dict[int, tuple[str, int]]], Lgpio]:
    """Makes the board one with these chips, (label, lines) by number."""

    def make(chips: dict[int, tuple[str, int]]) -> Lgpio:
        (dev / "gpiochip0").unlink()
        lgpio.chips = chips
        for number in chips:
            (dev / f"gpiochip{number}").touch()
        return lgpio

    return make


def held(lgpio: Lgpio) -> list[int]:
    """The handles that are open."""
    opened = [7 + call[1] for call in lgpio.asked if call[0] == "open" and call[1] in lgpio.chips]
    return sorted(set(opened) - {call[1] for call in lgpio.asked if call[0] == "close"})


@pytest.mark.parametrize(
    ("chips", "number"),
    [
        ({0: PI_4, 1: ("raspberrypi-exp-gpio", 8)}, 0),
        ({0: PI_3, 1: ("raspberrypi-exp-gpio", 8), 2: ("brcmvirt-gpio", 2)}, 0),
        ({0: POWER, 1: POWER, 4: PI_5}, 4),
        ({0: PI_5, 10: POWER}, 0),
        (LATER_PI_5, 13),
        ({0: EXPANDER, 1: PI_4}, 1),
    ],
)
def test_chip_is_found_by_its_label_whatever_its_number(
    board: Callable[[dict[int, tuple[str, int]]], Lgpio], chips: dict[int, tuple[str, int]], number: int
) -> None:
    lgpio = board(chips)
    secure_all([DoorSettings(pin=PIN)])
    assert [call for call in lgpio.asked if call[0] == "output"] == [("output", 7 + number, PIN, 0)]


def test_relay_is_driven_on_the_chip_with_the_label(board: Callable[[dict[int, tuple[str, int]]], Lgpio]) -> None:
    lgpio = board(LATER_PI_5)
    taken = relay()
    taken.release()
    assert [call for call in lgpio.asked if call[0] in ("output", "write")] == [
        ("output", 7 + 13, PIN, 0),
        ("write", 7 + 13, PIN, 1),
    ]
    taken.close()


def test_what_was_found_is_known(board: Callable[[dict[int, tuple[str, int]]], Lgpio]) -> None:
    board(LATER_PI_5)
    assert str(chip_of(board_factory())) == "pinctrl-rp1, /dev/gpiochip13, 54 lines"


def test_other_chips_are_let_go(board: Callable[[dict[int, tuple[str, int]]], Lgpio]) -> None:
    lgpio = board(LATER_PI_5)
    board_factory()
    assert held(lgpio) == [7 + 13]


@pytest.mark.parametrize("wanted", ["pcf8574", "/dev/gpiochip14"])
def test_chip_of_the_setting_is_taken(board: Callable[[dict[int, tuple[str, int]]], Lgpio], wanted: str) -> None:
    board(LATER_PI_5)
    assert chip_of(board_factory(wanted)) == Chip("pcf8574", "/dev/gpiochip14", 8)


def path_of(factory: Factory) -> str:
    chip = chip_of(factory)
    assert chip is not None
    return chip.path


def test_link_is_followed_and_not_another_chip(board: Callable[[dict[int, tuple[str, int]]], Lgpio], dev: Path) -> None:
    """As Raspberry Pi OS has gpiochip4 for programs that look for it there."""
    board({0: PI_5})
    (dev / "gpiochip4").symlink_to("gpiochip0")
    assert path_of(board_factory()) == "/dev/gpiochip0"
    assert path_of(board_factory("/dev/gpiochip4")) == "/dev/gpiochip0"


def test_link_of_ones_own_is_followed(board: Callable[[dict[int, tuple[str, int]]], Lgpio], dev: Path) -> None:
    board({0: EXPANDER, 1: EXPANDER})
    (dev / "gpiochip-door").symlink_to("gpiochip1")
    assert path_of(board_factory("/dev/gpiochip-door")) == "/dev/gpiochip1"


@pytest.mark.parametrize(
    ("chips", "wanted"),
    [
        ({0: EXPANDER}, ""),
        ({0: ("gpio_stub", 32), 1: ("Pinctrl-RP1", 54)}, ""),
        ({0: PI_4, 1: PI_4}, ""),
        ({0: PI_5, 1: PI_4}, ""),
        ({0: EXPANDER, 3: EXPANDER}, "pcf8574"),
        ({0: PI_4}, "pinctrl-rp1"),
        ({0: PI_4}, "/dev/gpiochip4"),
        ({0: PI_4}, "/dev/gpiochip-none"),
    ],
)
def test_chip_is_never_guessed(
    board: Callable[[dict[int, tuple[str, int]]], Lgpio], chips: dict[int, tuple[str, int]], wanted: str
) -> None:
    lgpio = board(chips)
    with pytest.raises(DoorError):
        secure_all([DoorSettings(pin=PIN)], chip=wanted)
    with pytest.raises(DoorError):
        board_factory(wanted)
    assert (lgpio.levels(), held(lgpio)) == ([], [])


def test_chips_of_an_unknown_board_are_listed(board: Callable[[dict[int, tuple[str, int]]], Lgpio]) -> None:
    board({0: ("sunxi", 288), 1: EXPANDER})
    with pytest.raises(DoorError) as unknown:
        board_factory()
    assert unknown.value.message == (
        "Expected one GPIO chip that is a Raspberry Pi's (pinctrl-rp1, pinctrl-bcm2711, pinctrl-bcm2835), found 0. "
        "Seen: sunxi, /dev/gpiochip0, 288 lines; pcf8574, /dev/gpiochip1, 8 lines."
    )
    assert "`gpio.chip`" in unknown.value.hint


def test_two_alike_are_listed(board: Callable[[dict[int, tuple[str, int]]], Lgpio]) -> None:
    board({2: EXPANDER, 5: EXPANDER})
    with pytest.raises(DoorError) as alike:
        board_factory("pcf8574")
    assert alike.value.message == (
        "Expected one GPIO chip that is pcf8574, found 2. "
        "Seen: pcf8574, /dev/gpiochip2, 8 lines; pcf8574, /dev/gpiochip5, 8 lines."
    )


def test_chip_that_cannot_be_opened_is_listed(board: Callable[[dict[int, tuple[str, int]]], Lgpio]) -> None:
    board({0: EXPANDER, 1: PI_5}).chips.pop(1)
    with pytest.raises(DoorError, match="8 lines; Cannot open the GPIO chip /dev/gpiochip1: can not open gpiochip"):
        board_factory()


def test_chip_that_nobody_needs_may_be_out_of_reach(
    board: Callable[[dict[int, tuple[str, int]]], Lgpio], dev: Path
) -> None:
    board({0: PI_5})
    (dev / "gpiochip1").touch()
    assert path_of(board_factory()) == "/dev/gpiochip0"


@pytest.mark.parametrize("path", ["/dev/gpiochip2", "/dev/gpiochip5"])
def test_of_two_alike_the_one_found_before_is_secured(
    board: Callable[[dict[int, tuple[str, int]]], Lgpio], path: str
) -> None:
    lgpio = board({2: EXPANDER, 5: EXPANDER})
    secure_all([DoorSettings(pin=3)], chip=Chip("pcf8574", path, 8))
    assert [call[1] for call in lgpio.asked if call[0] == "output"] == [7 + int(path[-1])]


@pytest.mark.parametrize("active_high", [True, False])
def test_relay_is_secured_in_one_request(lgpio: Lgpio, active_high: bool) -> None:
    secure_all([DoorSettings(pin=PIN, active_high=active_high)])
    assert lgpio.asked == [("open", 0), ("output", 7, PIN, int(not active_high))]


def test_relays_are_secured_whatever_fails(lgpio: Lgpio) -> None:
    lgpio.refused = {("output", 5), ("output", 6)}
    with pytest.raises(DoorError) as failed:
        secure_all([DoorSettings(name=name, pin=pin) for name, pin in (("a", 5), ("b", 6), ("c", 7))])
    assert failed.value.message == (
        "Cannot take GPIO 5, the relay of door a: GPIO busy. Cannot take GPIO 6, the relay of door b: GPIO busy."
    )
    assert ("output", 7, 7, 0) in lgpio.asked


def test_outputs_are_off_after_the_relays_are_secure(lgpio: Lgpio) -> None:
    outputs = [DrivenOutput("main", "shunt", 5, active_high=True), DrivenOutput("main", "siren", 6, active_high=False)]
    secure_all([DoorSettings(pin=PIN)], outputs)
    assert lgpio.asked == [("open", 0), ("output", 7, PIN, 0), ("output", 7, 5, 0), ("output", 7, 6, 1)]


def test_output_that_cannot_be_taken_is_an_error_at_the_end(lgpio: Lgpio) -> None:
    lgpio.refused = {("output", 5)}
    outputs = [DrivenOutput("back", name, pin, active_high=True) for name, pin in (("shunt", 5), ("lamp", 6))]
    with pytest.raises(DoorError, match="Cannot take GPIO 5, output shunt of door back: GPIO busy"):
        secure_all([DoorSettings(pin=PIN)], outputs)
    assert {("output", 7, PIN, 0), ("output", 7, 6, 0)} <= set(lgpio.asked)


def test_chip_that_cannot_be_opened_secures_nothing(lgpio: Lgpio) -> None:
    lgpio.refused = {"open"}
    with pytest.raises(DoorError, match="Cannot open the GPIO chip /dev/gpiochip0: GPIO busy"):
        secure_all([DoorSettings()])


def test_importing_lgpio_leaves_the_folder_as_it_was(lgpio: Lgpio) -> None:  # noqa: ARG001 - imported by the factory
    before = Path.cwd()
    board_factory()
    assert Path.cwd() == before


@pytest.mark.parametrize(
    ("python", "install"),
    [((3, 11), "pip install lgpio"), ((3, 12), "pip install lgpio"), ((3, 13), "sudo apt install python3-lgpio")],
)
def test_without_lgpio_it_says_what_to_install(
    dev: Path,  # noqa: ARG001 - the chip is there
    monkeypatch: pytest.MonkeyPatch,
    python: tuple[int, int],
    install: str,
) -> None:
    monkeypatch.setattr("device.door.wires.chip.sys.version_info", python)
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "device.door.wires.lgpio_pins", raising=False)
    with pytest.raises(DoorError, match="lgpio, which drives the GPIO pins, is not installed") as missing:
        board_factory()
    assert install in missing.value.hint


def test_without_a_chip_there_is_no_relay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path)
    with pytest.raises(DoorError, match="no GPIO chip") as missing:
        board_factory()
    assert "lintel simulate" in missing.value.hint


def test_chip_is_there_while_its_device_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chip, "DEVICES", tmp_path)
    one = Chip("pinctrl-rp1", "/dev/gpiochip4", 54)
    assert not chip.is_there(one)
    (tmp_path / "gpiochip4").touch()
    assert chip.is_there(one)


@pytest.mark.parametrize(("chips", "found"), [({0: "one"}, 0), ({0: "one", 4: "one"}, 4)])
def test_chip_alone_of_its_kind_is_found_under_another_number(
    lgpio: Lgpio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chips: dict[int, str], found: int
) -> None:
    monkeypatch.setattr(chip, "DEVICES", tmp_path)
    lgpio.chips = {number: (label, 54) for number, label in chips.items()}
    for number in chips:
        (tmp_path / f"gpiochip{number}").touch()
    opened = chip.open_chip(lgpio, Chip("one", "/dev/gpiochip4", 54))
    assert opened.chip.path == f"/dev/gpiochip{found}"
