"""The tables of the layout before `[[doors]]`, for `old_layout` alone."""

from typing import Annotated

from msgspec import Meta

from device.settings.lock import GpioSettings, Group, LockSettings, Name
from device.settings.tables import (
    AccessSettings,
    FormatSettings,
    InputSettings,
    OutputSettings,
    Printable,
    ReaderSettings,
    StoreSettings,
    VisionSettings,
)


class OldReader(ReaderSettings, frozen=True):
    """A reader, with its door; `camera` is the camera's source, not its name."""

    door: Name = "main"
    camera: Printable = ""


class OldInput(InputSettings, frozen=True):
    """An input, with its door."""

    door: Name = "main"


class OldOutput(OutputSettings, frozen=True):
    """An output, with its door."""

    door: Name = "main"


class OldCamera(Group, frozen=True):
    """The camera of all readers that had none of their own."""

    source: Annotated[Printable, Meta(min_length=1)] = "0"
    width: Annotated[int, Meta(ge=160, le=4096)] = 640
    height: Annotated[int, Meta(ge=120, le=4096)] = 480
    max_age_s: Annotated[float, Meta(gt=0, le=0.5)] = 0.5


class OldSettings(Group, frozen=True):
    """The tables of the old layout."""

    door: LockSettings = LockSettings()
    reader: OldReader = OldReader()
    camera: OldCamera = OldCamera()
    vision: VisionSettings = VisionSettings()
    access: AccessSettings = AccessSettings()
    store: StoreSettings = StoreSettings()
    gpio: GpioSettings = GpioSettings()
    more_doors: tuple[LockSettings, ...] = ()
    more_readers: tuple[OldReader, ...] = ()
    inputs: tuple[OldInput, ...] = ()
    outputs: tuple[OldOutput, ...] = ()
    formats: tuple[FormatSettings, ...] = ()
