"""The one table of settings: names, types, defaults, limits and meaning; TOML in, frozen values out.

A settings file holds any part of the table, by group:

    [door]
    pin = 17

A door has inputs and outputs, and a Pi more than one door and reader: those are lists, a table for each.

    [[inputs]]
    signal = "dps"
    pin = 27
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.door_settings import DEFAULT_FILE as DEFAULT_FILE  # noqa: PLC0414 - as if it were defined here
from device.door_settings import DoorSettings as DoorSettings  # noqa: PLC0414
from device.door_settings import GpioSettings as GpioSettings  # noqa: PLC0414
from device.door_settings import Group, Name, Pin
from device.errors import ConfigError
from device.records import DoorInput, DoorOutput

Printable = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$")]
SPI_PINS = range(7, 12)
"""What `dtparam=spi=on` takes for itself: CE1, CE0, MISO, MOSI, SCLK."""


class ReaderSettings(Group, frozen=True):
    """Where badges come from."""

    name: Annotated[Name, Meta(description="what the reader is called in commands and in the audit")] = "reader"
    door: Annotated[Name, Meta(description="the door it opens")] = "main"
    direction: Annotated[Literal["entry", "exit"], Meta(description="which way through the door its badges go")] = (
        "entry"
    )
    kind: Annotated[
        Literal["lines", "wiegand", "osdp", "wedge", "rdm6300", "pn532", "socket"],
        Meta(description="what it speaks; `lintel readers list` says what each promises"),
    ] = "lines"
    source: Annotated[
        Printable,
        Meta(min_length=1, description="`stdin`, or the device, FIFO or socket that it is; of no use to `wiegand`"),
    ] = "stdin"
    baud_rate: Annotated[
        int, Meta(ge=1200, le=230400, description="of a serial line, bits per second (a pn532 has 115200)")
    ] = 9600
    formats: Annotated[
        tuple[str, ...],
        Meta(description="card formats it reads, one a length; empty: each whose length no other has (pn532: all csn)"),
    ] = ()
    data0_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 0")] = None
    data1_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 1")] = None
    led_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of a Wiegand reader's LED, low is lit")] = None
    buzzer_pin: Annotated[
        Pin | None, Meta(description="GPIO number (BCM) of a Wiegand reader's buzzer, low sounds")
    ] = None
    address: Annotated[int, Meta(ge=0, le=126, description="of an OSDP reader on its line")] = 0
    camera: Annotated[Printable, Meta(description="the camera at this reader; empty: `camera.source`")] = ""
    hold_time_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="silence after which a badge at the reader counts as presented again, seconds; "
            "0: each sighting counts, as always on `stdin`",
        ),
    ] = 3.0


class InputSettings(Group, frozen=True, kw_only=True):
    """A wire that says something, one table each."""

    door: Annotated[Name, Meta(description="the door it belongs to")] = "main"
    signal: Annotated[DoorInput, Meta(description="what it says")]
    pin: Annotated[Pin | None, Meta(description="GPIO number (BCM), pulled up, its contact towards ground")] = None
    channel: Annotated[
        Annotated[int, Meta(ge=0, le=7)] | None,
        Meta(description="channel of an MCP3008 instead, supervised by end-of-line resistors"),
    ] = None
    active: Annotated[
        Literal["closed", "open"], Meta(description="whether the contact says so by being closed or open")
    ] = "closed"
    debounce_s: Annotated[
        float, Meta(ge=0, le=1, description="a change counts when it has lasted so long, seconds")
    ] = 0.05


class OutputSettings(Group, frozen=True, kw_only=True):
    """A wire that is driven besides the strike, one table each."""

    door: Annotated[Name, Meta(description="the door it belongs to")] = "main"
    signal: Annotated[DoorOutput, Meta(description="what it shows or sounds")]
    pin: Annotated[Pin, Meta(description="GPIO number (BCM)")]
    active_high: Annotated[bool, Meta(description="true if a high level switches it on")] = True


class FormatSettings(Group, frozen=True, kw_only=True):
    """A card format of your own, one table each."""

    name: Annotated[Name, Meta(description="what it is called; written `own:NAME:FACILITY:NUMBER`")]
    layout: Annotated[
        str,
        Meta(
            pattern=r"^[FNP.]{9,128}$",
            description="a letter a bit: F facility, N number, P parity, `.` ignored; e.g. PFFFFFFFFNNNNNNNNNNNNNNNNP",
        ),
    ]
    parity: Annotated[
        tuple[str, ...],
        Meta(description="for each P a text of the same length: E or O (even, odd) at it, X where it covers"),
    ] = ()


class CameraSettings(Group, frozen=True):
    """Where frames come from."""

    source: Annotated[
        Printable,
        Meta(min_length=1, description="V4L2 device number or path, a video file, an image, or a folder of images"),
    ] = "0"
    width: Annotated[int, Meta(ge=160, le=4096, description="frame width asked of the camera, pixels")] = 640
    height: Annotated[int, Meta(ge=120, le=4096, description="frame height asked of the camera, pixels")] = 480
    max_age_s: Annotated[float, Meta(gt=0, le=0.5, description="an older frame is no evidence, seconds")] = 0.5


class VisionSettings(Group, frozen=True):
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


class AccessSettings(Group, frozen=True):
    """How one swipe goes."""

    interlock: Annotated[
        bool, Meta(description="true for a mantrap: a door is released only while all others are closed and locked")
    ] = False
    probes: Annotated[int, Meta(ge=1, le=10, description="good frames that are fused into one comparison")] = 3
    face_timeout_s: Annotated[
        float, Meta(gt=0, le=30, description="from the badge to the decision at most, seconds")
    ] = 6.0


class StoreSettings(Group, frozen=True):
    """Where people, badges, references and the audit are kept."""

    state_dir: Annotated[Printable, Meta(description="folder of the database; empty: the user's state folder")] = ""


class Settings(Group, frozen=True):
    """All settings, by group."""

    door: DoorSettings = DoorSettings()
    reader: ReaderSettings = ReaderSettings()
    camera: CameraSettings = CameraSettings()
    vision: VisionSettings = VisionSettings()
    access: AccessSettings = AccessSettings()
    store: StoreSettings = StoreSettings()
    gpio: GpioSettings = GpioSettings()
    more_doors: tuple[DoorSettings, ...] = ()
    more_readers: tuple[ReaderSettings, ...] = ()
    inputs: tuple[InputSettings, ...] = ()
    outputs: tuple[OutputSettings, ...] = ()
    formats: tuple[FormatSettings, ...] = ()

    @property
    def doors(self) -> tuple[DoorSettings, ...]:
        """All doors, the first one first."""
        return (self.door, *self.more_doors)

    @property
    def readers(self) -> tuple[ReaderSettings, ...]:
        """All readers, the first one first."""
        return (self.reader, *self.more_readers)


def load_settings(path: Path | None = None) -> Settings:
    """The settings in a TOML file; without one, those in /etc/lintel/lintel.toml if that exists, else the defaults.

    Raises `ConfigError` for a file that cannot be read, an unknown setting or a value out of range.
    """
    file, hint = path or DEFAULT_FILE, "`lintel config --defaults` shows the table of settings."
    try:
        settings = msgspec.toml.decode(file.read_bytes(), type=Settings)
        refuse_contradictions(settings)
    except OSError as error:
        if path is None and isinstance(error, FileNotFoundError):
            return Settings()
        raise ConfigError(f"Cannot read the settings file {file}: {error.strerror}.", hint=hint) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"The settings file {file} is wrong: {error}.", hint=hint) from None
    return settings


def refuse_contradictions(settings: Settings) -> None:
    """Raises `ValueError` for what no single setting can say."""
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
    _refuse_strangers(settings)
    _refuse_shared_pins(settings)
    _refuse_shared_cameras(settings)
    _refuse_blind_interlock(settings)
    if unserved := sorted({door.name for door in settings.doors} - {reader.door for reader in settings.readers}):
        raise ValueError(f"the door {unserved[0]!r} has no reader - give it one with `door` under [[more_readers]]")


def _refuse_strangers(settings: Settings) -> None:
    """Names that are used twice, and doors that nobody has described. Raises `ValueError`."""
    doors = [door.name for door in settings.doors]
    for kind, names in (
        ("doors", doors),
        ("readers", [reader.name for reader in settings.readers]),
        ("formats", [own.name for own in settings.formats]),
    ):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two {kind} are called {twice[0]!r}, give each a `name` of its own")
    wired: tuple[ReaderSettings | InputSettings | OutputSettings, ...]
    wired = (*settings.readers, *settings.inputs, *settings.outputs)
    if strangers := sorted({part.door for part in wired} - set(doors)):
        raise ValueError(f"there is no door {strangers[0]!r}, but {', '.join(doors)} - at `door` of a reader or wire")
    for sensed in settings.inputs:
        if (sensed.pin is None) == (sensed.channel is None):
            raise ValueError(f"the input {sensed.signal} needs a `pin` or a `channel`, one of them")


def _refuse_shared_pins(settings: Settings) -> None:
    """Two wires on one pin or channel. Raises `ValueError` that names both."""
    taken: dict[str, str] = {}
    pins = ((f"GPIO {pin}", use) for pin, use in used_pins(settings))
    channels = ((f"channel {one.channel}", _use(one)) for one in settings.inputs if one.channel is not None)
    for place, use in (*pins, *channels):
        if place in taken:
            raise ValueError(f"{place} is used twice, by {taken[place]} and by {use}")
        taken[place] = use


def _refuse_shared_cameras(settings: Settings) -> None:
    """A face must be seen at the door that it opens. Raises `ValueError` for a camera at two doors, or of two names.

    A badge alone opens the way out.
    """
    seen_by: dict[Path, tuple[str, str]] = {}
    for reader in settings.readers:
        source = reader.camera or settings.camera.source
        if reader.direction == "exit":
            continue
        first, door = seen_by.setdefault(camera_path(source), (source, reader.door))
        if door != reader.door:
            also = "" if first == source else f", called {first!r} and {source!r},"
            raise ValueError(
                f"the camera {source!r}{also} is at two doors, {door} and {reader.door} - "
                "give each reader the `camera` at its own door"
            )
        if first != source:
            raise ValueError(f"{first!r} and {source!r} are the same camera - call it the same at each reader")


def camera_path(source: str) -> Path:
    """What a camera's source leads to: of a number /dev/videoN, of a link its end, there or not."""
    return Path(os.path.realpath(f"/dev/video{int(source)}" if source.isdecimal() else source))


def _refuse_blind_interlock(settings: Settings) -> None:
    """A mantrap's doors must know whether they are closed. Raises `ValueError`."""
    if not settings.access.interlock:
        return
    seen = {wire.door for wire in settings.inputs if wire.signal is DoorInput.DPS}
    blind = [door.name for door in settings.doors if door.name not in seen]
    if len(settings.doors) < 2 or blind:
        raise ValueError(
            "`access.interlock` needs two doors or more, each with an input `dps`, "
            + (f"and there is none at {', '.join(blind)}" if blind else "and there is one door")
        )


def used_pins(settings: Settings) -> Iterator[tuple[int, str]]:
    """Every GPIO that the settings speak of, and what for."""
    for door in settings.doors:
        yield door.pin, f"the relay of door {door.name}"
    for sensed in settings.inputs:
        if sensed.pin is not None:
            yield sensed.pin, _use(sensed)
    if any(sensed.channel is not None for sensed in settings.inputs):
        yield from ((pin, "the SPI bus of supervised inputs") for pin in SPI_PINS)
    for driven in settings.outputs:
        yield driven.pin, f"output {driven.signal} of door {driven.door}"
    for reader in settings.readers:
        for name in ("data0_pin", "data1_pin", "led_pin", "buzzer_pin"):
            if (pin := getattr(reader, name)) is not None:
                yield pin, f"{name} of reader {reader.name}"


def _use(sensed: InputSettings) -> str:
    return f"input {sensed.signal} of door {sensed.door}"


def changed_settings(settings: Settings) -> dict[str, Any]:
    """What differs from the defaults, by group; of a list of groups, whatever is in it."""
    effective, defaults = msgspec.to_builtins(settings), msgspec.to_builtins(Settings())
    differing = {
        group: values
        if isinstance(values, list | tuple)
        else {name: value for name, value in values.items() if value != defaults[group][name]}
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
