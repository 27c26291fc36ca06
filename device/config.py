"""The one table of settings: names, types, defaults, limits and meaning; TOML in, frozen values out.

A settings file holds any part of the table, by group:

    [door]
    pin = 17
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from device.errors import ConfigError

DEFAULT_FILE = Path("/etc/lintel/lintel.toml")

Printable = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$")]


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class DoorSettings(_Group, frozen=True):
    """The relay of the strike."""

    pin: Annotated[int, Meta(ge=0, le=27, description="GPIO number (BCM) of the relay's input")] = 17
    active_high: Annotated[bool, Meta(description="true if a high level releases the strike")] = True
    strike_time_s: Annotated[float, Meta(gt=0, le=10, description="how long a grant releases the strike, seconds")] = (
        3.0
    )


class ReaderSettings(_Group, frozen=True):
    """Where badges come from."""

    source: Annotated[
        Printable, Meta(min_length=1, description="`stdin`, or a device or FIFO that gives a badge number per line")
    ] = "stdin"


class CameraSettings(_Group, frozen=True):
    """Where frames come from."""

    source: Annotated[
        Printable,
        Meta(min_length=1, description="V4L2 device number or path, a video file, an image, or a folder of images"),
    ] = "0"
    width: Annotated[int, Meta(ge=160, le=4096, description="frame width asked of the camera, pixels")] = 640
    height: Annotated[int, Meta(ge=120, le=4096, description="frame height asked of the camera, pixels")] = 480
    max_age_s: Annotated[float, Meta(gt=0, le=0.5, description="an older frame is no evidence, seconds")] = 0.5


class VisionSettings(_Group, frozen=True):
    """What a face must be like to be compared."""

    models_dir: Annotated[
        Printable, Meta(description="folder of the model pairs; empty: those that came with Lintel")
    ] = ""
    threads: Annotated[int, Meta(ge=1, le=16, description="threads of the TFLite interpreter")] = 2
    min_face_px: Annotated[float, Meta(ge=20, le=2000, description="smallest face, forehead to chin, pixels")] = 80.0
    min_share_in_view: Annotated[float, Meta(ge=0, le=1, description="share of the face's box inside the picture")] = (
        0.9
    )
    min_brightness: Annotated[float, Meta(ge=0, le=255, description="mean luma of the face, 0..255")] = 40.0
    max_brightness: Annotated[float, Meta(ge=0, le=255, description="mean luma of the face, 0..255")] = 205.0
    max_blur: Annotated[float, Meta(ge=0, le=1, description="blur of the aligned face, 0 sharp to 1")] = 0.52
    max_turn: Annotated[
        float, Meta(ge=0, le=1, description="nose off the eyes' middle, as a share of their distance")
    ] = 0.35


class AccessSettings(_Group, frozen=True):
    """How one swipe goes."""

    probes: Annotated[int, Meta(ge=1, le=10, description="good frames that are fused into one comparison")] = 3
    face_timeout_s: Annotated[
        float, Meta(gt=0, le=30, description="from the badge to the decision at most, seconds")
    ] = 6.0


class StoreSettings(_Group, frozen=True):
    """Where people, badges, references and the audit are kept."""

    state_dir: Annotated[Printable, Meta(description="folder of the database; empty: the user's state folder")] = ""


class Settings(_Group, frozen=True):
    """All settings, by group."""

    door: DoorSettings = DoorSettings()
    reader: ReaderSettings = ReaderSettings()
    camera: CameraSettings = CameraSettings()
    vision: VisionSettings = VisionSettings()
    access: AccessSettings = AccessSettings()
    store: StoreSettings = StoreSettings()


def load_settings(path: Path | None = None) -> Settings:
    """The settings in a TOML file; without one, those in /etc/lintel/lintel.toml if that exists, else the defaults.

    Raises `ConfigError` for a file that cannot be read, an unknown setting or a value out of range.
    """
    file, hint = path or DEFAULT_FILE, "See `lintel config --help` for the table of settings."
    try:
        settings = msgspec.toml.decode(file.read_bytes(), type=Settings)
        _refuse_contradictions(settings)
    except OSError as error:
        if path is None and isinstance(error, FileNotFoundError):
            return Settings()
        raise ConfigError(f"Cannot read the settings file {file}: {error.strerror}.", hint=hint) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"The settings file {file} is wrong: {error}.", hint=hint) from None
    return settings


def _refuse_contradictions(settings: Settings) -> None:
    """What no single setting can say. Raises `ValueError`."""
    vision, state = settings.vision, settings.store.state_dir
    if vision.min_brightness > vision.max_brightness:
        raise ValueError(
            f"no face is bright enough and dark enough, `vision.min_brightness` is {vision.min_brightness}, "
            f"above `vision.max_brightness`, {vision.max_brightness}"
        )
    if state and not Path(state).is_absolute():
        raise ValueError(
            f"expected an absolute path, received {state!r} - at `store.state_dir`, "
            "as the service and your terminal stand in different folders"
        )


def changed_settings(settings: Settings) -> dict[str, dict[str, object]]:
    """What differs from the defaults, by group."""
    effective, defaults = msgspec.to_builtins(settings), msgspec.to_builtins(Settings())
    differing = {
        group: {name: value for name, value in values.items() if value != defaults[group][name]}
        for group, values in effective.items()
    }
    return {group: values for group, values in differing.items() if values}


def state_dir(settings: Settings) -> Path:
    """The folder of the database: the setting, else systemd's STATE_DIRECTORY, else the user's own state folder."""
    named = settings.store.state_dir or os.environ.get("STATE_DIRECTORY")
    if named:
        return Path(named)
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "lintel"


def setting_meanings() -> dict[tuple[str, str], str]:
    """What each setting means, by (group, name)."""
    groups = msgspec.inspect.type_info(Settings)
    assert isinstance(groups, msgspec.inspect.StructType)
    return {(group.name, name): meaning for group in groups.fields for name, meaning in _meanings(group.type)}


def _meanings(group: msgspec.inspect.Type) -> Iterator[tuple[str, str]]:
    assert isinstance(group, msgspec.inspect.StructType)
    for setting in group.fields:
        assert isinstance(setting.type, msgspec.inspect.Metadata)
        yield setting.name, str((setting.type.extra_json_schema or {}).get("description", ""))
