"""What `run` remembers of its relays: all of them, before a pin is taken, and nothing where it cannot be read."""

from pathlib import Path

import msgspec
import pytest

from device.door.securing.driven import (
    FILE_NAME,
    OUTPUTS_NAME,
    Driven,
    DrivenOutput,
    last_driven,
    remember,
)
from device.door.wires.chip import Chip
from device.errors import DoorError
from device.records import DoorOutput
from device.settings.lock import LockSettings, lock_of
from device.settings.tables import DoorSettings, OutputSettings

ODD = DoorSettings(name="back", pin=5, active_high=False, fail_safe=True, strike_time_s=0.5)


def with_output(output: OutputSettings) -> DoorSettings:
    """The odd door, with a wire besides its relay."""
    return msgspec.structs.replace(ODD, outputs=(output,))


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("doors", [(), (DoorSettings(),), (ODD,), (DoorSettings(), ODD)])
def test_relays_are_remembered(doors: tuple[DoorSettings, ...]) -> None:
    remember(doors)
    assert last_driven().relays == tuple(lock_of(door) for door in doors)


@pytest.mark.usefixtures("runtime")
def test_last_relays_are_remembered() -> None:
    remember([DoorSettings(pin=4)])
    remember([DoorSettings(pin=5)])
    assert last_driven().relays == (LockSettings(pin=5),)


@pytest.mark.usefixtures("runtime")
def test_outputs_are_remembered_beside_the_relays() -> None:
    remember([with_output(OutputSettings(signal=DoorOutput.SHUNT, pin=6, active_high=False))])
    assert last_driven().relays == (lock_of(ODD),)
    assert last_driven().outputs == (DrivenOutput("back", "shunt", 6, active_high=False),)


@pytest.mark.usefixtures("runtime")
def test_outputs_of_an_earlier_start_are_forgotten() -> None:
    remember([with_output(OutputSettings(signal=DoorOutput.SIREN, pin=6))])
    remember([ODD])
    assert last_driven().outputs == ()


@pytest.mark.usefixtures("runtime")
def test_nothing_is_remembered_at_first() -> None:
    assert (last_driven().relays, last_driven().outputs) == ((), ())


@pytest.mark.usefixtures("runtime")
def test_chip_is_remembered_beside_the_relays() -> None:
    remember([ODD], chip=Chip("pinctrl-rp1", "/dev/gpiochip13", 54))
    assert last_driven() == Driven((lock_of(ODD),), (), Chip("pinctrl-rp1", "/dev/gpiochip13", 54))


def test_relays_and_outputs_of_an_earlier_version_are_known(runtime: Path) -> None:
    (runtime / FILE_NAME).write_bytes(b'[{"name": "main", "pin": 4}]')
    (runtime / OUTPUTS_NAME).write_bytes(b'[{"door": "main", "signal": "shunt", "pin": 6, "active_high": true}]')
    assert last_driven() == Driven((LockSettings(pin=4),), (DrivenOutput("main", "shunt", 6, active_high=True),))


def test_relays_that_a_version_without_outputs_wrote_down_are_known(runtime: Path) -> None:
    (runtime / FILE_NAME).write_bytes(b'[{"name": "main", "pin": 4}]')
    assert (last_driven().relays, last_driven().outputs) == ((LockSettings(pin=4),), ())


@pytest.mark.parametrize(
    "unknown",
    [
        b'"chips": ["pinctrl-rp1"]',
        b'"outputs": [{"door": "main", "signal": "siren", "pin": 6, "active_high": true, "chip": "pinctrl-rp1"}]',
    ],
)
def test_relays_beside_what_is_not_known_are_not_taken(runtime: Path, unknown: bytes) -> None:
    """It may say which chip they are on: they are not looked for on another."""
    (runtime / FILE_NAME).write_bytes(b'{"relays": [{"name": "main", "pin": 4}], %b}' % unknown)
    assert last_driven() == Driven()


@pytest.mark.parametrize(
    "content",
    [b"", b'[{"pin": 1', b'[{"pin": 99}]', b'[{"pni": 1}]', b"\xff\xfe", b'{"chip": 4}', b"[1]", b"[" * 100_000],
)
def test_damaged_memory_is_none(runtime: Path, content: bytes) -> None:
    for name in (FILE_NAME, OUTPUTS_NAME):
        (runtime / name).write_bytes(content)
    assert (last_driven().relays, last_driven().outputs) == ((), ())


def test_nothing_else_is_left_in_the_folder(runtime: Path) -> None:
    remember([DoorSettings()])
    assert {path.name for path in runtime.iterdir()} == {FILE_NAME}


def test_without_a_runtime_folder_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path / "none")
    remember([DoorSettings()])
    assert last_driven().relays == ()


def test_runtime_folder_of_the_service_is_found_by_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path)
    remember([DoorSettings(pin=5)])
    assert (tmp_path / FILE_NAME).is_file()


def test_folder_that_cannot_be_written_to_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/proc/none")
    with pytest.raises(DoorError, match="Cannot write down which relays are driven"):
        remember([DoorSettings()])
