"""Fixtures of the tests beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.device.lgpio import Lgpio


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Writes the settings file that every command reads."""
    path = tmp_path / "lintel.toml"
    monkeypatch.setenv("LINTEL_CONFIG", str(path))
    return path.write_text


@pytest.fixture
def driven(lgpio: Lgpio) -> Callable[..., Any]:
    """(pin, level) of what was driven, in its order."""
    return lambda: [call[2:] for call in lgpio.asked if call[0] in ("output", "write")]
