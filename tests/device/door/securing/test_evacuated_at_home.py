"""A door that was evacuated by a service run by hand is remembered in the home of who ran it."""

from pathlib import Path

import pytest

from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.securing import evacuated


def test_evacuation_is_remembered_in_the_home_of_who_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evacuated, "SERVICE_STATE", tmp_path / "none")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    memory = ModeFile(tmp_path / ".local" / "state" / "lintel", "main")
    memory.write(Lasting(Mode(ordered=Order.EVACUATION)))
    memory.close()
    assert evacuated.evacuated_doors(tmp_path / "none.toml", ["main", "back"]) == {"main"}
