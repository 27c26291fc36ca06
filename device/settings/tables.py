"""The one table of settings: names, types, defaults, limits and meaning, as frozen values.

A settings file holds any part of it. A Pi has one door or more, and each door its own readers, inputs and outputs:

    [[doors]]
    pin = 17

    [[doors.readers]]
    kind = "wedge"
    source = "/dev/input/by-id/usb-reader"

    [[doors.inputs]]
    signal = "dps"
    pin = 27
"""

from typing import Annotated, Literal

from msgspec import Meta

from device.records import DoorInput, DoorOutput, PadMode
from device.settings.areas import AreaName, AreaSettings, CustodySettings
from device.settings.keeping import AlarmSettings, AuditSettings
from device.settings.lock import GpioSettings, Group, Name, Pin
from device.settings.operators import OperatorSettings
from device.settings.people import PeopleSettings
from device.settings.remote import RemoteSettings
from device.settings.rights import RightsSettings
from device.settings.two_person import TwoPersonSettings

Printable = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$")]
Around = Annotated[str, Meta(max_length=16, pattern=r"^[^\r\n]*$")]
"""What may stand around a badge; control characters too, such as STX and ETX."""


TurnPrompt = Literal["text", "beep", "two-beeps", "slow-blink", "fast-blink"]
"""How a reader asks for a turn of the head."""


class ReaderSettings(Group, frozen=True):
    """Where badges come from, one table for each reader of a door."""

    name: Annotated[Name, Meta(description="name of the reader in commands and in the audit")] = "reader"
    direction: Annotated[Literal["entry", "exit"], Meta(description="which way through the door its badges go")] = (
        "entry"
    )
    kind: Annotated[
        Literal["lines", "wiegand", "osdp", "wedge", "rdm6300", "pn532", "socket"],
        Meta(description="kind of reader; `lintel readers list` explains each"),
    ] = "lines"
    source: Annotated[
        Printable,
        Meta(min_length=1, description="`stdin`, or its device, FIFO or socket; not used by `wiegand`"),
    ] = "stdin"
    baud_rate: Annotated[
        int, Meta(ge=1200, le=230400, description="speed of a serial line, bits per second (a pn532 has 115200)")
    ] = 9600
    formats: Annotated[
        tuple[str, ...],
        Meta(
            description="card formats to read, at most one of each length; empty: those whose length is unique "
            "(pn532: all csn); `csn4:reversed`, `:bits-reversed` or `:mirrored` for a reader that sends its bytes, "
            "the bits of each byte, or both in reverse"
        ),
    ] = ()
    layout: Annotated[
        Literal["us", "gb", "de", "ch", "fr", "be", "es", "it", "pt", "se", "cz"],
        Meta(description="keyboard that a reader of the kinds `wedge`, `lines` and `socket` types for"),
    ] = "us"
    form: Annotated[
        Literal["badge", "hex", "hex-reversed", "decimal", "decimal-reversed", "facility-number"],
        Meta(
            description="what a line of these kinds holds: a badge as an operator writes it; a serial number in "
            "hexadecimal or decimal digits, its first or (`-reversed`) its last byte first; or `117,51234`"
        ),
    ] = "badge"
    prefix: Annotated[Around, Meta(description="text in front of each badge in a line, left out")] = ""
    suffix: Annotated[Around, Meta(description="text behind each badge in a line, left out")] = ""
    ignore: Annotated[
        tuple[str, ...],
        Meta(max_length=16, description="lines that a reader sends by itself, such as a sign of life; no badges"),
    ] = ()
    data0_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 0")] = None
    data1_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 1")] = None
    led_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of a Wiegand reader's LED, low is lit")] = None
    buzzer_pin: Annotated[
        Pin | None, Meta(description="GPIO number (BCM) of a Wiegand reader's buzzer, low sounds")
    ] = None
    turn_left: Annotated[
        TurnPrompt | None,
        Meta(
            description="how the reader asks a person to turn the head to the left: `text` on the display of an osdp "
            "reader, or a pattern of its buzzer or LED that differs from `turn_right`; left out: it can't"
        ),
    ] = None
    turn_right: Annotated[TurnPrompt | None, Meta(description="the same to the right")] = None
    keypad: Annotated[
        Literal["none", "4-bit", "8-bit", "26-bit", "keys"],
        Meta(
            description="how its keypad sends keys: each by itself, in 4 or 8 bits (wiegand) or as `keys` (osdp, and "
            "what types); or all of a PIN at once, like a badge of 26 bits. `none`: keys count for nothing"
        ),
    ] = "none"
    keypad_facility: Annotated[
        Annotated[int, Meta(ge=0, le=255)] | None,
        Meta(
            description="facility code in front of a PIN with `26-bit`: no badge may have it; left out: the pad sends "
            "six digits of four bits each (BCD)",
        ),
    ] = None
    address: Annotated[int, Meta(ge=0, le=126, description="address of an OSDP reader on its line")] = 0
    camera: Annotated[
        Name | None, Meta(description="name of the camera at this reader; left out: the door's `camera`")
    ] = None
    tamper: Annotated[
        Literal["deny", "tell"],
        Meta(
            description="badges at a reader of the way in that was opened or taken off: `deny`, refused until it is in "
            "order again; `tell`, only reported"
        ),
    ] = "deny"
    hold_time_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="time without a report of a badge after which it counts as presented again, seconds; "
            "0: each report counts, as always on `stdin`",
        ),
    ] = 3.0


class InputSettings(Group, frozen=True, kw_only=True):
    """A wire that is sensed, one table for each."""

    signal: Annotated[DoorInput, Meta(description="what the wire reports")]
    pin: Annotated[Pin | None, Meta(description="GPIO number (BCM), pulled up; the contact connects it to ground")] = (
        None
    )
    channel: Annotated[
        Annotated[int, Meta(ge=0, le=7)] | None,
        Meta(description="channel of an MCP3008 instead, supervised by end-of-line resistors"),
    ] = None
    active: Annotated[
        Literal["closed", "open"], Meta(description="state of the contact when it reports the signal")
    ] = "closed"
    debounce_s: Annotated[
        float, Meta(ge=0, le=1, description="how long a change must last before it counts, seconds")
    ] = 0.05


class OutputSettings(Group, frozen=True, kw_only=True):
    """A wire that is driven besides the strike, one table for each."""

    signal: Annotated[DoorOutput, Meta(description="what the wire drives")]
    pin: Annotated[Pin, Meta(description="GPIO number (BCM)")]
    active_high: Annotated[bool, Meta(description="true if a high level switches the output on")] = True


def _so_far(value: str, why: str) -> dict[str, str]:
    """Of a setting that has one value today: the sentence for any other."""
    return {"refused": f"only {value} is accepted: {why}"}


class DoorSettings(RightsSettings, frozen=True):
    """A door: its lock, the readers and wires at it, and its rules, one table for each door."""

    camera: Annotated[Name, Meta(description="name of the camera that sees people at its way in")] = "main"
    pad: Annotated[
        PadMode | None,
        Meta(
            description="presentation attack detection: `off`; `passive`, which stops no print by itself; `turn` of "
            "the head on request; `turn-in-doubt`, where a network was calibrated at this door; left out: `turn` "
            "where each reader at the way in can ask for one, else `passive`"
        ),
    ] = None
    target_fmr: Annotated[
        float,
        Meta(
            ge=1e-6,
            le=1e-3,
            description="false match rate that a face is compared for: the share of strangers' faces that may match; "
            "a rate that the network was measured on too few people for is refused",
        ),
    ] = 1e-4
    schedule: Annotated[
        Literal["always"],
        Meta(
            description="when badges are accepted: `always`",
            extra=_so_far('"always"', "schedules are rules, `lintel policy apply`"),
        ),
    ] = "always"
    leads_from: Annotated[AreaName, Meta(description="area on the outer side of the door; empty: outside")] = ""
    leads_to: Annotated[AreaName, Meta(description="area on its inner side; empty: none where people count")] = ""
    antipassback: Annotated[
        Literal["off", "soft", "hard"],
        Meta(
            description="a badge whose holder should be elsewhere, at the way in: `off`, let in; `soft`, let in and "
            "reported; `hard`, refused. The way out refuses no one"
        ),
    ] = "off"
    custody: CustodySettings = CustodySettings()
    readers: Annotated[tuple[ReaderSettings, ...], Meta(min_length=1)] = (ReaderSettings(),)
    inputs: tuple[InputSettings, ...] = ()
    outputs: tuple[OutputSettings, ...] = ()


class FormatSettings(Group, frozen=True, kw_only=True):
    """A card format of your own, one table for each."""

    name: Annotated[Name, Meta(description="name of the format; its badges are written `own:NAME:FACILITY:NUMBER`")]
    layout: Annotated[
        str,
        Meta(
            pattern=r"^[FNP.]{9,128}$",
            description="one letter per bit: F facility, N number, P parity, `.` ignored; "
            "for example PFFFFFFFFNNNNNNNNNNNNNNNNP",
        ),
    ]
    parity: Annotated[
        tuple[str, ...],
        Meta(
            description="for each P a text as long as the layout: E or O (even, odd) at the P, X at the bits it covers"
        ),
    ] = ()


class CameraSettings(Group, frozen=True):
    """Where frames come from, one table for each camera. `lintel enroll --camera` takes the first."""

    name: Annotated[Name, Meta(description="name of the camera, by which doors and readers refer to it")] = "main"
    source: Annotated[
        Printable,
        Meta(
            min_length=1,
            description="V4L2 device number or path, `csi:0`, `rtsp:NAME` for the network camera of "
            "lintel-rtsp@NAME.service, a video file, an image, or a folder of images",
        ),
    ] = "0"
    width: Annotated[int, Meta(ge=160, le=4096, description="frame width requested from the camera, pixels")] = 640
    height: Annotated[int, Meta(ge=120, le=4096, description="frame height requested from the camera, pixels")] = 480
    rate: Annotated[
        Annotated[int, Meta(ge=5, le=240)] | None,
        Meta(
            description="frames per second requested from the camera, which must support it; left out: the driver's own"
        ),
    ] = None
    rotate: Annotated[
        Literal[0, 90, 180, 270],
        Meta(description="clockwise rotation of each frame, degrees, for a camera mounted on its side"),
    ] = 0
    light: Annotated[
        Literal["visible", "infrared"],
        Meta(
            description="what the camera sees by; pictures of an `infrared` one are compared in shades of gray, and a "
            "face has to be more similar there"
        ),
    ] = "visible"
    exposure: Annotated[
        Literal["auto"] | Annotated[int, Meta(ge=1, le=10_000)] | None,
        Meta(
            description="`auto`, or a fixed exposure in units of 100 microseconds; left out: the driver's current one"
        ),
    ] = None
    metering: Annotated[
        Literal["camera", "center", "spot", "average"],
        Meta(
            description="where the picture's brightness is measured: `camera`, as the camera does it; of a CSI camera "
            "also `center` (mostly its middle, where the face is), `spot` (only that) or `average`"
        ),
    ] = "camera"


class VisionSettings(Group, frozen=True):
    """What a face must be like to be compared."""

    models_dir: Annotated[
        Printable, Meta(description="folder of the model pairs; empty: the models that came with Lintel")
    ] = ""
    threads: Annotated[int, Meta(ge=1, le=16, description="threads of the TFLite interpreter")] = 2
    min_face_px: Annotated[float, Meta(ge=20, le=2000, description="smallest face, forehead to chin, pixels")] = 80.0
    min_share_in_view: Annotated[
        float, Meta(ge=0, le=1, description="smallest share of the face's box inside the picture")
    ] = 0.9
    min_brightness: Annotated[float, Meta(ge=0, le=255, description="lowest mean luma of the face, 0..255")] = 40.0
    max_brightness: Annotated[float, Meta(ge=0, le=255, description="highest mean luma of the face, 0..255")] = 205.0
    max_blur: Annotated[float, Meta(ge=0, le=1, description="largest blur of the aligned face, 0 (sharp) to 1")] = 0.57
    max_turn: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="largest offset of the nose from the middle between the eyes, as a share of the eyes' distance",
        ),
    ] = 0.55


class AccessSettings(Group, frozen=True):
    """How one swipe goes."""

    interlock: Annotated[
        bool, Meta(description="true for a mantrap: a door is released only while all others are closed and locked")
    ] = False
    probes: Annotated[
        int,
        Meta(
            ge=1,
            le=10,
            description="number of good frames combined into the first comparison; what doesn't match is compared "
            "again with 2, 4, 8 and 16 times as many",
        ),
    ] = 3
    face_timeout_s: Annotated[float, Meta(gt=0, le=30, description="longest time from badge to decision, seconds")] = (
        6.0
    )
    max_frame_age_s: Annotated[
        float, Meta(gt=0, le=0.5, description="age above which a frame doesn't count as evidence, seconds")
    ] = 0.5


class PadSettings(Group, frozen=True):
    """Presentation attack detection at all doors; each door's `pad` says what it demands."""

    network: Annotated[
        str,
        Meta(
            pattern=r"^(\w[\w.-]{0,63})?$",
            description="name of an imported network against presentation attacks, as `minifasnet-v2`; empty: none",
        ),
    ] = ""
    models_dir: Annotated[
        Printable, Meta(description="folder of that network; empty: `models` in the folder of the database")
    ] = ""


class StoreSettings(Group, frozen=True):
    """Where people, badges, references and the audit are kept."""

    state_dir: Annotated[Printable, Meta(description="folder of the database; empty: the user's state folder")] = ""
    purge: Annotated[Literal["keep", "data"], Meta(description="`data`: `apt purge` deletes it, keys too")] = "keep"


class ClockSettings(Group, frozen=True):
    """When the time of day is trusted."""

    trust: Annotated[
        Literal["checked", "always"],
        Meta(
            description="`checked`: once a time service of this machine has synchronized it, or while a battery clock "
            "agrees with it; `always`: where something else keeps it right, as the host of a container does"
        ),
    ] = "checked"
    max_gap_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="longest time that the power is off; a clock further ahead of the last time written down is "
            "not trusted until `lintel clock accept`",
        ),
    ] = 30


class Settings(Group, frozen=True):
    """All settings, by group."""

    doors: Annotated[tuple[DoorSettings, ...], Meta(min_length=1)] = (DoorSettings(),)
    cameras: Annotated[tuple[CameraSettings, ...], Meta(min_length=1)] = (CameraSettings(),)
    vision: VisionSettings = VisionSettings()
    pad: PadSettings = PadSettings()
    access: AccessSettings = AccessSettings()
    people: PeopleSettings = PeopleSettings()
    store: StoreSettings = StoreSettings()
    alarms: AlarmSettings = AlarmSettings()
    audit: AuditSettings = AuditSettings()
    clock: ClockSettings = ClockSettings()
    two_person: TwoPersonSettings = TwoPersonSettings()
    gpio: GpioSettings = GpioSettings()
    remote: RemoteSettings = RemoteSettings()
    formats: tuple[FormatSettings, ...] = ()
    operators: tuple[OperatorSettings, ...] = ()
    areas: tuple[AreaSettings, ...] = ()

    @property
    def readers(self) -> tuple[ReaderSettings, ...]:
        """The readers of all doors, door after door."""
        return tuple(reader for door in self.doors for reader in door.readers)

    def door_named(self, name: str) -> DoorSettings:
        """Raises `KeyError` with a name that no door has."""
        return {door.name: door for door in self.doors}[name]

    def camera_at(self, door: DoorSettings, reader: ReaderSettings) -> CameraSettings:
        """The camera that sees people at a reader of a door. Raises `KeyError` with a name that no camera has."""
        return self.camera_named(reader.camera or door.camera)

    def camera_named(self, name: str) -> CameraSettings:
        """Raises `KeyError` with a name that no camera has."""
        return {camera.name: camera for camera in self.cameras}[name]
