"""What a version has to pass before an upgrade turns to it."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.appliance.self_test import record_failure, self_test
from device.clock import SystemClock
from device.errors import StoreError
from device.records import Event
from device.settings.tables import Settings, StoreSettings
from device.store.store import Store


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with one person."""
    folder = tmp_path / "state"
    with Store(folder) as store, store.people() as people:
        people.add("Eileen Collins", datetime(2026, 1, 1, tzinfo=UTC))
    return folder


def settings_of(state: Path) -> Settings:
    return Settings(store=StoreSettings(state_dir=str(state)))


def test_self_test_changes_no_byte(state: Path) -> None:
    before = {path.name: path.read_bytes() for path in state.iterdir()}
    self_test(settings_of(state))
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before


def test_copy_that_a_killed_self_test_left_goes(state: Path) -> None:
    left = state / "self-test" / "lintel.db"
    left.parent.mkdir()
    left.write_bytes(b"people of before")
    self_test(settings_of(state))
    assert not left.parent.exists()


def test_failed_self_test_leaves_no_copy(state: Path) -> None:
    (state / "lintel.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        self_test(settings_of(state))
    assert not (state / "self-test").exists()


def test_copy_is_for_its_user_alone(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []

    def look(_folder: Path, place: Path) -> int:
        modes.append(place.stat().st_mode & 0o777)
        return 0

    monkeypatch.setattr("device.appliance.self_test.copy_databases", look)
    with contextlib.suppress(StoreError):
        self_test(settings_of(state))
    assert modes == [0o700]


def test_link_in_the_place_of_the_copy_is_not_followed(state: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    (state / "self-test").symlink_to(other)
    with pytest.raises(StoreError):
        self_test(settings_of(state))
    assert (other / "kept").exists()


def test_damaged_database_fails_the_self_test(state: Path) -> None:
    (state / "lintel.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        self_test(settings_of(state))


def test_failed_upgrade_is_in_the_audit(state: Path) -> None:
    with Store(state) as store:
        record_failure(store, SystemClock(), "0.1.1: no room")
        with store.audit() as audit:
            row = audit.newest(1)[0]
    assert (row.event, row.fault) == (Event.UPGRADE_FAILED, "0.1.1: no room")
