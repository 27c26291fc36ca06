"""Which doors `lintel door secure` leaves released: by their memory, wherever it is, and never by a guess."""

from pathlib import Path

import pytest

from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import ModeFile
from device.door.securing import evacuated as module
from device.door.securing.driven import remember
from device.door.securing.evacuated import evacuated_doors
from device.settings.tables import DoorSettings

EVACUATED = Lasting(Mode(ordered=Order.EVACUATION), Standing.CLOSED)
DOORS = {"main", "back"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Path) -> Path:  # noqa: ARG001 - it is where the folder is remembered
    monkeypatch.setattr(module, "SERVICE_STATE", tmp_path / "none")
    return tmp_path / "state"


def test_nothing_is_evacuated_at_first(state: Path, tmp_path: Path) -> None:  # noqa: ARG001 - there is none
    assert evacuated_doors(tmp_path / "none.toml", DOORS) == frozenset()


@pytest.mark.parametrize("where", ["remembered", "settings", "mark", "environment", "unit", "home"])
def test_memory_is_found(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    settings = tmp_path / "lintel.toml"
    match where:
        case "remembered":
            remember([DoorSettings()], state=state)
        case "settings":
            settings.write_text(f'[[doors]]\npni = 5\n[store]\nstate_dir = "{state}"\n')
        case "mark":
            settings.write_text(f'\ufeff[store]\r\nstate_dir = "{state}"\r\n')
        case "environment":
            monkeypatch.setenv("STATE_DIRECTORY", str(state))
        case "unit":
            monkeypatch.setattr(module, "SERVICE_STATE", state)
        case "home":
            monkeypatch.setenv("XDG_STATE_HOME", str(state))
            state = state / "lintel"
    ModeFile(state, "main").write(EVACUATED)
    assert evacuated_doors(settings, DOORS) == {"main"}


def test_folder_the_service_used_last_precedes_the_settings(state: Path, tmp_path: Path) -> None:
    settings = tmp_path / "lintel.toml"
    settings.write_text(f'[store]\nstate_dir = "{tmp_path / "other"}"\n')
    remember([DoorSettings()], state=state)
    ModeFile(state, "main").write(Lasting())
    ModeFile(tmp_path / "other", "main").write(EVACUATED)
    assert evacuated_doors(settings, DOORS) == frozenset()


@pytest.mark.parametrize("ordered", [Order.NONE, Order.LOCKDOWN])
def test_any_other_mode_is_secured(state: Path, tmp_path: Path, ordered: Order) -> None:
    remember([DoorSettings()], state=state)
    ModeFile(state, "main").write(Lasting(Mode(ordered=ordered)))
    assert evacuated_doors(tmp_path / "none.toml", DOORS) == frozenset()


def test_what_is_damaged_is_secured(state: Path, tmp_path: Path) -> None:
    remember([DoorSettings()], state=state)
    memory = ModeFile(state, "main")
    memory.write(EVACUATED)
    for slot in memory.slots:
        slot.path.write_bytes(b"x" * 512)
    assert evacuated_doors(tmp_path / "none.toml", DOORS) == frozenset()
