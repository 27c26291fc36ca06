"""What every reader gets besides its own settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.ports import Clock
from device.settings.tables import FormatSettings


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """Given to every function that opens a reader."""

    clock: Clock
    pins: Callable[[], Any]
    """gpiozero's pin factory of this board, asked for by readers on GPIO lines alone. Raises `DoorError`."""
    state_dir: Path
    """Where keys of readers are kept."""
    own_formats: tuple[FormatSettings, ...] = ()
    has_standard_input: bool = True
    """False for a service, which has no one typing at its standard input."""
