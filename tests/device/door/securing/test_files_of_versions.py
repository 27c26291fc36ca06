"""What each version left on the disk, byte by byte: the next one's `secure`, both programs, goes by it.

A version that writes another form adds its files here; those of before stay.
"""

from pathlib import Path
from types import ModuleType

import pytest

from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import ModeFile
from device.door.securing.driven import remember
from device.door.wires.chip import Chip
from device.records import DoorOutput
from device.settings.tables import DoorSettings, OutputSettings
from tests.device.door.securing.bench import by_lintel, by_program

TWO_FILES = {
    "runtime/relays.json": b'[{"name":"main","pin":17},{"name":"side","pin":9,"active_high":false}]',
    "runtime/outputs.json": b'[{"door":"main","signal":"siren","pin":5,"active_high":true}]',
    "state/door-main.json": b'{"ordered":"evacuation","switched":false,"fire":false}',
}
"""Before 0.2: lists, no chip, and one file for a door's mode."""
TIMES = (
    b'"fail_safe":false,"strike_time_s":3.0,"extended_strike_time_s":10.0,"relock":"open","held_open_time_s":30.0,'
    b'"pre_alarm_s":10.0,"rex":"shunt"'
)
ONE_FILE = {
    "runtime/relays.json": (
        b'{"relays":[{"name":"main","pin":17,"active_high":true,' + TIMES + b"},"
        b'{"name":"side","pin":9,"active_high":false,' + TIMES + b"}],"
        b'"outputs":[{"door":"main","signal":"siren","pin":5,"active_high":true}],'
        b'"chip":{"label":"pinctrl-bcm2711","path":"/dev/gpiochip0","lines":58},"state":"@"}'
    ),
    "state/door-main.mode-a": (
        b'lintel1 9aa8440a {"sequence":1,"ordered":"evacuation","switched":false,"fire":false,"standing":"closed",'
        b'"boot":"11111111-2222-3333-4444-555555555555","led":"","secured":""}\n'
    ).ljust(512),
}
"""Today's: one file for what is driven, two slots for a door's mode."""


def lay(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content.replace(b"@", str(folder / "state").encode()))


@pytest.mark.parametrize("files", [TWO_FILES, ONE_FILE], ids=["before 0.2", "today"])
def test_files_of_each_version_are_gone_by(secure: ModuleType, tmp_path: Path, files: dict[str, bytes]) -> None:
    """Main is evacuated and stays released, side is locked (high), the siren is off."""
    lay(tmp_path, files)
    by_program_now, by_command_now = by_program(secure), by_lintel()
    assert by_program_now is not None
    assert by_command_now is not None
    assert by_program_now[0] == by_command_now[0] == {17: 1, 9: 1, 5: 0}


@pytest.mark.usefixtures("secure")
def test_this_version_writes_the_last_of_these_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another form has to be added above, so that the version after it still reads this one's."""
    boot = tmp_path / "boot"
    boot.write_text("11111111-2222-3333-4444-555555555555\n")
    monkeypatch.setattr("device.door.mode.BOOT_ID", boot)
    siren = OutputSettings(signal=DoorOutput.SIREN, pin=5)
    doors = [DoorSettings(name="main", outputs=(siren,)), DoorSettings(name="side", pin=9, active_high=False)]
    remember(doors, Chip("pinctrl-bcm2711", "/dev/gpiochip0", 58), state=tmp_path / "state")
    memory = ModeFile(tmp_path / "state", "main")
    memory.write(Lasting(Mode(ordered=Order.EVACUATION), Standing.CLOSED))
    memory.close()
    written = {name: (tmp_path / name).read_bytes() for name in ONE_FILE}
    lay(tmp_path, ONE_FILE)
    assert written == {name: (tmp_path / name).read_bytes() for name in ONE_FILE}
