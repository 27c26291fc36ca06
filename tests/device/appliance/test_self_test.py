"""What a version has to pass before an upgrade turns to it."""

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
