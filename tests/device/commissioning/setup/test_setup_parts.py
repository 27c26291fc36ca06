"""The parts of `lintel setup`: config.txt, what is found, the pulse, the unit, the settings file."""

import os
import signal
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.v4l2 import Card, card_of, parsed
from device.commissioning.setup import boot, pulse, unit
from device.commissioning.setup.found import csi_cameras, device_class, is_camera, ports
from device.commissioning.setup.settings_file import put_in_place
from device.door.wires.strict import is_strict
from device.errors import ConfigError, DoorError
from device.settings.loading import load_settings
from device.settings.tables import CameraSettings, Settings
from tests.device.lgpio import Lgpio
from tests.rig.board import STRIKE, Board
from tests.rig.rig import SHIM
from tests.rig.unit import ROOT
from tests.waiting import until

LISTED = """Available cameras
-----------------
0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
1 : ov5647 [2592x1944 10-bit GBRG] (/base/axi/pcie@1000120000/rp1/i2c@80000/ov5647@36)
"""
LINE = "dtparam=strict_gpiod"


@given(st.lists(st.sampled_from(["[all]", "[pi4]", "dtparam=audio=on", LINE, f"{LINE}=off", "#x", "", "[none]"])))
def test_asking_for_strict_is_idempotent_and_removes_nothing(lines: list[str]) -> None:
    text = "\n".join(lines)
    strict = boot.made_strict(text)
    assert is_strict(strict)
    assert boot.made_strict(strict) == strict
    assert strict.startswith(text)


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        (LINE, True),
        ("dtparam=audio=on,strict_gpiod", True),
        (f"# {LINE}", False),
        (f"[pi5]\n{LINE}", False),
        (f"[pi5]\n[all]\n{LINE}=on", True),
        (f"{LINE}\n{LINE}=off", False),
        ("dtparam=strict_gpiodx", False),
        ("", False),
    ],
)
def test_what_asks_for_strict(text: str, strict: bool) -> None:
    assert is_strict(text) is strict


def test_the_file_before_is_kept_once(tmp_path: Path) -> None:
    config = tmp_path / "config.txt"
    config.write_bytes(b"caf\xe9=1\r\n")
    assert (boot.ask_for_strict(config), boot.ask_for_strict(config)) == (True, False)
    assert (tmp_path / "config.txt.before-lintel").read_bytes() == b"caf\xe9=1\r\n"
    assert config.read_bytes().startswith(b"caf\xe9=1\r\n\n[all]\n")


def test_a_boot_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot change .*config\.txt"):
        boot.ask_for_strict(tmp_path / "config.txt")


def test_cameras_at_the_ribbon_are_listed() -> None:
    found = csi_cameras(LISTED)
    assert [one.value for one in found] == ["csi:0", "csi:1"]
    assert found[0].words.startswith("imx708")
    assert csi_cameras("No cameras available!") == ()


@pytest.mark.parametrize(
    ("driver", "everything", "node", "is_one"),
    [
        (b"uvcvideo", 0x84A00001, 0x04200001, True),
        (b"uvcvideo", 0x84A00001, 0x04A00000, False),
        (b"bcm2835-codec", 0x84208000, 0x04208000, False),
        (b"bcm2835-isp", 0x85200001, 0x04200001, False),
        (b"vivid", 0x00000001, 0, True),
    ],
)
def test_a_card_is_a_camera_by_what_its_node_does(driver: bytes, everything: int, node: int, is_one: bool) -> None:
    said = driver.ljust(16, b"\0") + b"Cam".ljust(32, b"\0") + bytes(36) + struct.pack("II", everything, node)
    assert is_camera(parsed(said.ljust(104, b"\0"))) is is_one
    assert parsed(said.ljust(104, b"\0")).name == "Cam"


def test_a_file_is_no_card(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    assert card_of(tmp_path / "video0") is None
    assert card_of(Path("/dev/null")) is None
    assert not is_camera(Card("rp1-cfe", "rp1-cfe", captures=True))


def test_ports_are_named_by_what_stays(tmp_path: Path) -> None:
    for name in ("dev/ttyUSB0", "dev/ttyACM1", "dev/serial0", "dev/input/event3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for link, target in (("serial/by-id/usb-FTDI", "../../ttyUSB0"), ("input/by-id/usb-R-event-kbd", "../event3")):
        (tmp_path / "dev" / link).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dev" / link).symlink_to(target)
    assert [one.value for one in ports(tmp_path)] == [
        "/dev/input/by-id/usb-R-event-kbd",
        "/dev/serial/by-id/usb-FTDI",
        "/dev/ttyACM1",
        "/dev/serial0",
    ]
    assert ports(tmp_path / "none") == ()


def test_a_port_is_of_the_class_that_the_kernel_names(tmp_path: Path) -> None:
    (tmp_path / "usb-reader").symlink_to("/dev/ttyACM0")
    assert device_class(str(tmp_path / "usb-reader")) == "ttyACM"
    assert (device_class("/dev/ttyS12"), device_class("/dev/input/event3"), device_class("")) == ("ttyS", "", "")


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, DoorError("x", hint="y")])
def test_a_pin_is_an_input_after_each_pulse(error: BaseException | type[BaseException] | None) -> None:
    board = Lgpio()

    def wait() -> None:
        assert board.held(17) == board.OUTPUT
        if error:
            raise error

    try:
        pulse.pulsed(board, 7, 17, high=True, wait=wait)
    except (KeyboardInterrupt, DoorError):
        assert error is not None
    assert (board.held(17), board.levels(17)) == (board.INPUT, [1])


def test_a_pin_that_is_taken_is_driven_to_no_level() -> None:
    board = Lgpio()
    board.refused = {("input", 17)}
    with pytest.raises(DoorError, match="Cannot take GPIO 17"):
        pulse.pulsed(board, 7, 17, high=True, wait=lambda: None)
    assert board.levels(17) == []


@pytest.fixture
def on_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setenv("LINTEL_RIG", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{SHIM}{os.pathsep}{ROOT}")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return Board(tmp_path)


def test_a_pulse_ends_with_its_parent(on_board: Board) -> None:
    """Killed without a word while the strike is released: an input at once, not after the pulse's time."""
    code = f"from device.commissioning.setup.pulse import Pulses; Pulses('').pulse({STRIKE}, high=True, seconds=3.0)"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        until(on_board.is_released)
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: len(on_board.levels()) == 2)
    released, ended = on_board.levels()
    assert (released.high, ended.high) == (True, False)
    assert ended.at - released.at < 2.5


def test_a_pulse_whose_process_is_killed_leaves_an_input(on_board: Board) -> None:
    """By a machine that is short of memory: the strike would stay released, with no one there to lock it."""
    code = f"from device.commissioning.setup.pulse import Pulses; Pulses('').pulse({STRIKE}, high=True, seconds=3.0)"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as parent:
        until(on_board.is_released)
        os.kill(on_board.levels()[0].process, signal.SIGKILL)
        assert parent.stderr is not None
        assert "ended with -9" in parent.stderr.read()
    assert not on_board.is_released()


def test_signals_at_once_leave_an_input(on_board: Board) -> None:
    """As logind ends a session: the second one must not interrupt what the first one asked for."""
    words = (sys.executable, "-P", "-c", "from device.commissioning.setup.pulse import main; main()", "")
    with subprocess.Popen([*words, str(STRIKE), "1", "3"], stdin=subprocess.PIPE) as process:
        until(on_board.is_released)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
    assert not on_board.is_released()


def test_a_pulse_without_a_chip_says_so(on_board: Board) -> None:
    on_board.chips({0: "another"})
    with pytest.raises(DoorError, match="Expected one GPIO chip"):
        pulse.Pulses("").pulse(STRIKE, high=True, seconds=0.1)


def _systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "asked"


def test_the_unit_is_enabled_and_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _systemctl(tmp_path, monkeypatch, "exit 0")
    unit.start(again=False)
    unit.start(again=True)
    assert asked.read_text().splitlines() == [
        "daemon-reload", "enable lintel", "start lintel", "daemon-reload", "enable lintel", "restart lintel",
    ]  # fmt: skip


def test_a_unit_that_does_not_start_says_what_its_code_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _systemctl(tmp_path, monkeypatch, "case $1 in start) exit 1;; show) echo 7;; esac")
    with pytest.raises(DoorError, match="did not start with exit code 7") as raised:
        unit.start(again=False)
    assert "pins are missing or taken" in raised.value.hint


def test_the_readers_ports_are_allowed_once(tmp_path: Path) -> None:
    assert [unit.let_reach(tmp_path, kinds) for kinds in ({"ttyACM"}, {"ttyACM"}, {"ttyUSB"}, (), ())] == [
        True, False, True, True, False,
    ]  # fmt: skip
    unit.let_reach(tmp_path, {"ttyUSB", "ttyACM"})
    assert "DeviceAllow=char-ttyACM rw\nDeviceAllow=char-ttyUSB rw\n" in (tmp_path / unit.DROP_IN).read_text()
    written = (tmp_path / unit.DROP_IN).read_text()
    for order in ("Wants", "After"):  # else a boot that is quicker than udev leaves the port out of reach
        assert f"{order}=modprobe@cdc_acm.service modprobe@usbserial.service\n" in written


def test_the_service_may_read_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "lintel.toml"
    assert put_in_place(path, Settings(cameras=(CameraSettings(source="/dev/video7"),)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert load_settings(path).cameras[0].source == "/dev/video7"


def test_the_settings_of_all_defaults_are_a_file(tmp_path: Path) -> None:
    assert put_in_place(tmp_path / "lintel.toml", Settings())
    assert load_settings(tmp_path / "lintel.toml") == Settings()
    assert not put_in_place(tmp_path / "lintel.toml", Settings())
