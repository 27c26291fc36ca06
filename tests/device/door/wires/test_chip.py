"""The board's own pins: none without a GPIO chip, and through lgpio a level that comes with its direction and stays."""

import sys
from pathlib import Path

import pytest

from device.config import DoorSettings, OutputSettings
from device.door.securing.driven import DrivenOutput
from device.door.securing.secure import secure_all
from device.door.wires import chip
from device.door.wires.gpio import BoardIO, Relay, board_factory
from device.errors import DoorError
from device.records import DoorOutput, Outputs
from device.virtual.clock import SimulatedClock

PIN = 17
PI_4B = 0xC03114
CLOCK = SimulatedClock()


def relay(*, active_high=True):
    return Relay(DoorSettings(pin=PIN, active_high=active_high), board_factory())


@pytest.mark.parametrize("active_high", [True, False])
def test_pin_becomes_an_output_with_its_level_in_one_request(lgpio, active_high):
    taken = relay(active_high=active_high)
    assert [call for call in lgpio.asked if call[0] in ("output", "write")] == [
        ("output", 7, PIN, int(not active_high))
    ]
    taken.close()


@pytest.mark.parametrize("active_high", [True, False])
def test_release_and_secure_write_levels(lgpio, active_high):
    taken = relay(active_high=active_high)
    taken.release()
    taken.secure()
    assert lgpio.levels() == [int(not active_high), int(active_high), int(not active_high)]
    taken.close()


def test_closed_pin_is_left_as_an_output(lgpio):
    taken = relay()
    taken.release()
    taken.close()
    after = lgpio.asked[lgpio.asked.index(("write", 7, PIN, 1)) :]
    assert [call[0] for call in after] == ["write", "write"]


@pytest.mark.parametrize("active_high", [True, False])
def test_closed_pin_is_left_secure(lgpio, active_high):
    taken = relay(active_high=active_high)
    taken.release()
    taken.close()
    assert lgpio.levels()[-1] == int(not active_high)


def test_pin_is_never_an_input(lgpio):
    """An input floats, and a relay that floats may release."""
    taken = relay()
    taken.release()
    taken.close()
    assert [call for call in lgpio.asked if call[0] == "input"] == []


def test_pin_that_another_program_holds_is_an_error(lgpio):
    lgpio.refused = {"output"}
    with pytest.raises(DoorError, match="Cannot take GPIO 17, the relay of door main: GPIO busy"):
        relay()


def test_write_that_the_kernel_refuses_is_an_error(lgpio):
    taken = relay()
    lgpio.refused = {"write"}
    with pytest.raises(DoorError, match="Cannot release GPIO 17, the relay of door main: GPIO busy"):
        taken.release()
    lgpio.refused = set()
    taken.close()


def test_chip_that_cannot_be_opened_is_an_error(lgpio):
    lgpio.refused = {"open"}
    with pytest.raises(DoorError, match="Cannot open the GPIO chip: GPIO busy"):
        board_factory()


@pytest.fixture
def wired(lgpio):
    """A door with an output; (it, what was driven since the last call)."""
    io = BoardIO(DoorSettings(pin=PIN), (), [OutputSettings(signal=DoorOutput.LED, pin=20)], board_factory(), CLOCK)

    def driven():
        calls = [call[2:] for call in lgpio.asked if call[0] in ("output", "write")]
        lgpio.asked.clear()
        return calls

    yield io, driven
    io.close()


def test_strike_is_secured_before_anything_else_is_taken(wired):
    assert wired[1]() == [(PIN, 0), (20, 0)]


def test_strike_is_released_last_and_secured_first(wired):
    io, driven = wired
    driven()
    io.drive(Outputs(released=True, on=frozenset({DoorOutput.LED})))
    assert driven() == [(20, 1), (PIN, 1)]
    io.drive(Outputs())
    assert driven() == [(PIN, 0), (20, 0)]


def test_strike_is_secured_first_and_last_when_all_is_given_back(wired):
    io, driven = wired
    io.drive(Outputs(released=True))
    driven()
    io.close()
    assert driven() == [(PIN, 0), (20, 0), (PIN, 0)]


@pytest.fixture
def identity(monkeypatch, tmp_path):
    """Writes where a board says what it is: in the device tree, or in /proc/cpuinfo."""
    monkeypatch.setattr(chip, "DEVICE_TREE_REVISION", tmp_path / "linux,revision")
    monkeypatch.setattr(chip, "CPU_INFO", tmp_path / "cpuinfo")

    def write(device_tree=None, cpu_info=None):
        if device_tree is not None:
            chip.DEVICE_TREE_REVISION.write_bytes(device_tree)
        if cpu_info is not None:
            chip.CPU_INFO.write_text(cpu_info)

    return write


@pytest.mark.parametrize(
    ("device_tree", "cpu_info"),
    [
        (b"\x00\xc0\x31\x14", None),
        (b"\x00\xc0\x31\x14", "Revision\t: a02082\n"),
        (None, "model name\t: ARMv7\nHardware\t: BCM2711\nRevision\t: c03114\nSerial\t\t: 1\n"),
        (b"", "Revision\t: c03114\n"),
    ],
)
def test_board_says_what_it_is(identity, device_tree, cpu_info):
    identity(device_tree, cpu_info)
    assert chip.revision() == PI_4B


@pytest.mark.parametrize("cpu_info", [None, "", "Revision\t:\n", "Revision\t: none\n", "model name\t: Xeon\n"])
def test_board_that_is_no_raspberry_pi_is_an_error(identity, cpu_info):
    identity(cpu_info=cpu_info)
    with pytest.raises(DoorError, match="no Raspberry Pi"):
        chip.revision()


@pytest.mark.parametrize(
    ("revision", "chips", "number"),
    [(PI_4B, 1, 0), (PI_4B, 5, 0), (0xC04170, 1, 0), (0xC04170, 5, 4), (0xA02082, 2, 0)],
)
def test_chip_is_that_of_the_header(dev, monkeypatch, revision, chips, number):
    for at in range(chips):
        (dev / f"gpiochip{at}").touch()
    monkeypatch.setattr(chip, "revision", lambda: revision)
    assert chip.chip_number() == number


@pytest.mark.parametrize("active_high", [True, False])
def test_relay_is_secured_in_one_request(lgpio, active_high):
    secure_all([DoorSettings(pin=PIN, active_high=active_high)])
    assert lgpio.asked == [("open", 0), ("output", 7, PIN, int(not active_high))]


def test_relays_are_secured_whatever_fails(lgpio):
    lgpio.refused = {("output", 5), ("output", 6)}
    with pytest.raises(DoorError) as failed:
        secure_all([DoorSettings(name=name, pin=pin) for name, pin in (("a", 5), ("b", 6), ("c", 7))])
    assert failed.value.message == (
        "Cannot take GPIO 5, the relay of door a: GPIO busy. Cannot take GPIO 6, the relay of door b: GPIO busy."
    )
    assert ("output", 7, 7, 0) in lgpio.asked


def test_outputs_are_off_after_the_relays_are_secure(lgpio):
    outputs = [DrivenOutput("main", "shunt", 5, active_high=True), DrivenOutput("main", "siren", 6, active_high=False)]
    secure_all([DoorSettings(pin=PIN)], outputs)
    assert lgpio.asked == [("open", 0), ("output", 7, PIN, 0), ("output", 7, 5, 0), ("output", 7, 6, 1)]


def test_output_that_cannot_be_taken_is_an_error_when_all_else_is_done(lgpio):
    lgpio.refused = {("output", 5)}
    outputs = [DrivenOutput("back", name, pin, active_high=True) for name, pin in (("shunt", 5), ("lamp", 6))]
    with pytest.raises(DoorError, match="Cannot take GPIO 5, output shunt of door back: GPIO busy"):
        secure_all([DoorSettings(pin=PIN)], outputs)
    assert {("output", 7, PIN, 0), ("output", 7, 6, 0)} <= set(lgpio.asked)


def test_chip_that_cannot_be_opened_secures_nothing(lgpio):
    lgpio.refused = {"open"}
    with pytest.raises(DoorError, match="Cannot open the GPIO chip: GPIO busy"):
        secure_all([DoorSettings()])


def test_importing_lgpio_leaves_the_folder_as_it_was(lgpio):  # noqa: ARG001 - imported by the factory
    before = Path.cwd()
    board_factory()
    assert Path.cwd() == before


def test_without_lgpio_it_says_what_to_install(dev, monkeypatch):  # noqa: ARG001 - the chip is there
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "device.door.wires.lgpio_pins", raising=False)
    with pytest.raises(DoorError, match="lgpio is not installed") as missing:
        board_factory()
    assert "lintel[pi]" in missing.value.hint


def test_without_a_chip_there_is_no_relay(monkeypatch, tmp_path):
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path)
    with pytest.raises(DoorError, match="no GPIO chip") as missing:
        board_factory()
    assert "lintel simulate" in missing.value.hint
