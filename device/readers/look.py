"""Looks whether a reader's device is there without opening it, with the words in which opening it would fail."""

from pathlib import Path

from device.readers.osdp.wire import refuse_missing_line
from device.readers.streams import naming
from device.readers.typed.lines import security_of_source
from device.settings.tables import ReaderSettings


def look_for(settings: ReaderSettings) -> str:
    """What the reader is connected to. Raises `ReaderError` if that is missing."""
    if settings.kind == "wiegand":
        return f"GPIO {settings.data0_pin} and {settings.data1_pin}"
    if settings.kind == "socket" or settings.source == "stdin":
        return settings.source
    path = Path(settings.source)
    if settings.kind == "osdp":
        refuse_missing_line(path)
        return settings.source
    with naming(f"{path} cannot be opened"):
        if settings.kind == "lines":
            security_of_source(path)
        path.stat()
    return settings.source
