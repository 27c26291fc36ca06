"""What is read of a machine, with files in place of its own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.appliance.checks import CHECKS, examined
from device.appliance.machine import Machine, newest_backup
from device.appliance.page import Light
from device.records import DoorState, DoorStatus, Outputs
from device.settings.tables import Settings
from device.virtual.clock import SimulatedClock

UNIT = "[Service]\nExecStart=/bin/sh -c 'exec launch.py backup save {} --recipient x'\n"


def machine(root: Path, doors: tuple[DoorStatus, ...] | None = None) -> Machine:
    return Machine(Settings(), None, SimulatedClock(), doors, root=root)


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def backed_up(tmp_path: Path) -> Path:
    """A machine with a nightly backup."""
    put(tmp_path, "etc/lintel/backup-recipient", "key")
    put(tmp_path, "usr/lib/systemd/system/lintel-backup.service", UNIT.format("/var/backups/lintel"))
    return tmp_path


def test_a_drop_in_moves_the_folder_of_backups(backed_up: Path) -> None:
    put(backed_up, "etc/systemd/system/lintel-backup.service.d/folder.conf", UNIT.format("/mnt/stick"))
    assert machine(backed_up).backup_folder() == backed_up / "mnt/stick"


def test_the_unit_names_the_folder_of_backups(backed_up: Path) -> None:
    assert machine(backed_up).backup_folder() == backed_up / "var/backups/lintel"


def test_a_unit_without_a_recipient_makes_no_backups(backed_up: Path) -> None:
    (backed_up / "etc/lintel/backup-recipient").unlink()
    assert machine(backed_up).backup_folder() is None


def test_the_name_of_a_backup_says_its_time(tmp_path: Path) -> None:
    for name in ("lintel-20261130T030000Z.backup", "lintel-20261129T030000Z.backup", "other", "lintel-x.backup"):
        (tmp_path / name).touch()
    assert newest_backup(tmp_path) == datetime(2026, 11, 30, 3, tzinfo=UTC)


def test_no_folder_is_no_backup(backed_up: Path) -> None:
    (line,) = (line for line in examined(machine(backed_up)) if line.code == "backup")
    assert line.light is Light.RED


@pytest.mark.parametrize("place", ["proc/device-tree/model", "sys/firmware/devicetree/base/model"])
def test_a_pi_says_which_it_is(tmp_path: Path, place: str) -> None:
    put(tmp_path, place, "Raspberry Pi 5 Model B Rev 1.0\0")
    (first,) = (line for line in examined(machine(tmp_path)) if line.code == "machine")
    assert (first.light, first.what) == (Light.GREEN, "Raspberry Pi 5 Model B Rev 1.0")


@pytest.mark.parametrize(("chip", "simulated"), [("", True), ("pinctrl-rp1 at /dev/gpiochip0, 54 lines", False)])
def test_doors_without_a_chip_are_simulated(tmp_path: Path, chip: str, simulated: bool) -> None:
    doors = (DoorStatus("main", DoorState.LOCKED, 0.0, (), Outputs(), chip=chip),)
    assert machine(tmp_path, doors).is_simulated is simulated


def test_every_line_has_a_code_of_the_table(tmp_path: Path) -> None:
    assert {line.code for line in examined(machine(tmp_path))} <= {check.code for check in CHECKS}


def test_a_check_that_fails_keeps_no_other_from_looking(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "hot")
    seen = {line.code: line for line in examined(machine(tmp_path))}
    assert (seen["temperature"].light, "defaults" in seen) == (Light.AMBER, True)


def test_codes_are_unique() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
