"""What the machine says of its clock, read from files that may be missing or hold anything."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.time_source import Places, TimeSource

NOON_S = 1803902400
"""2027-03-01 12:00 UTC."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "rtc" / "rtc0").mkdir(parents=True)
    (tmp_path / "boot_id").write_text("7d9242b9-f063\n")
    return Places((tmp_path / "timesyncd", tmp_path / "kernel"), tmp_path / "rtc", tmp_path / "boot_id")


def source(places: Places) -> TimeSource:
    return TimeSource(SystemClock(), places=places)


def test_machine_without_any_word_is_not_synchronized(places: Places) -> None:
    seen = source(places).look()
    assert (seen.synchronized, seen.rtc, seen.boot) == (None, None, "7d9242b9-f063")


def test_each_synchronization_is_another_word(places: Places) -> None:
    places.synchronized[0].touch()
    first = source(places).look().synchronized
    places.synchronized[1].touch()
    assert first is not None
    assert source(places).look().synchronized != first


def test_battery_clock_is_read(places: Places) -> None:
    (places.rtc / "rtc0" / "since_epoch").write_text(f"{NOON_S}\n")
    assert source(places).look().rtc == datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "noon", "9" * 400, "-99999999999999", "\x00\xff"])
def test_damaged_battery_clock_vouches_for_nothing(places: Places, written: str) -> None:
    (places.rtc / "rtc0" / "since_epoch").write_text(written)
    assert source(places).look().rtc is None


def test_missing_places_raise_nothing(tmp_path: Path) -> None:
    nowhere = Places((tmp_path / "no" / "file",), tmp_path / "no-rtc", tmp_path / "no-boot")
    assert source(nowhere).look().boot == ""
