"""The program that secures doors without the environment, on folders of its own."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from device.door.securing import evacuated, relays
from device.door.wires import chip

PROGRAM = Path(__file__).parents[4] / "systemd" / "secure.py"


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, on folders of its own; so is what it is compared with."""
    loader = SourceFileLoader("secure_program", str(PROGRAM))
    spec = spec_from_loader("secure_program", loader)
    assert spec is not None
    program = module_from_spec(spec)
    loader.exec_module(program)
    for name in ("runtime", "state", "dev", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "dev" / "gpiochip0").touch()
    places = {"DEVICES": tmp_path / "dev", "SETTINGS": tmp_path / "lintel.toml", "STATE": tmp_path / "state"}
    for name, place in places.items():
        monkeypatch.setattr(program, name, place)
    monkeypatch.setattr(chip, "DEVICES", places["DEVICES"])
    monkeypatch.setattr(relays, "DEFAULT_FILE", places["SETTINGS"])
    monkeypatch.setattr(evacuated, "DEFAULT_FILE", places["SETTINGS"])
    monkeypatch.setattr(evacuated, "SERVICE_STATE", places["STATE"])
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "runtime"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME", "LINTEL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return program
