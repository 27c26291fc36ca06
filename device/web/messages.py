"""What a page is sent over its stream, each a line of JSON; and which answers its requests have.

The stream begins with `Hello` and `World`; after that each message comes when something has changed. Pictures come as
binary messages: a byte that says which (`Picture`), eight bytes of the world's time (float64, big-endian), then a JPEG.
Times called `at_s` are seconds on the world's own clock, which a simulation pauses and speeds up.
"""

from enum import IntEnum, StrEnum

import msgspec

from device.control.messages import Row
from device.records import DoorOutput, DoorState, Line


class PageMode(StrEnum):
    """What the page is for."""

    SIMULATION = "simulation"
    """A virtual world: everything may be done."""
    MONITOR = "monitor"
    """Doors in operation: nothing may be done."""


class Picture(IntEnum):
    """What a binary message shows."""

    CAMERA = 1
    CHIP = 2
    """The aligned face as the network gets it; never stored."""


class Message(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """What is sent over the stream."""


class Hello(Message, frozen=True, tag="hello"):
    """Once, in the beginning."""

    mode: PageMode
    version: str
    scenarios: tuple[str, ...] = ()
    """Those that come with Lintel, by name."""
    images: tuple[str, ...] = ()
    """Pictures of people that can stand before the camera."""
    rendered: tuple[str, ...] = ()
    """Those of them that aren't photographs, but rendered out of one."""


class Wire(msgspec.Struct, frozen=True):
    """An input of a door as it is now, or an output."""

    name: str
    """As `DoorInput` or `DoorOutput`."""
    pin: int | None
    line: Line | None = None
    """Of an input."""
    is_on: bool | None = None
    """Of an output."""


class Lock(StrEnum):
    """What the strike is, as seen at its relay."""

    SECURE = "secure"
    RELEASED = "released"
    UNKNOWN = "unknown"


class DoorView(msgspec.Struct, frozen=True, kw_only=True):
    """One door as it is drawn."""

    name: str
    state: DoorState
    lock: Lock
    is_open: bool | None
    """The leaf, by its contact; None without one."""
    signal: str = ""
    """What the reader shows, as `Signal`; empty for its idle light."""
    outputs_on: tuple[DoorOutput, ...] = ()
    inputs: tuple[Wire, ...] = ()
    outputs: tuple[Wire, ...] = ()
    troubles: tuple[str, ...] = ()
    mode: str = ""
    """What a person has to show, as `badge+face`."""
    schedule: str = ""


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the scenario that is played."""

    title: str
    is_played: bool = False
    unmet: tuple[str, ...] = ()


class World(Message, frozen=True, tag="world", kw_only=True):
    """How everything is now. Of a monitor, all but the doors, the times, `lost` and `health` is empty."""

    at_s: float
    utc: str
    """ISO 8601, the world's own time of day."""
    speed: float = 1.0
    """0: paused; 1: real time."""
    doors: tuple[DoorView, ...] = ()
    scenario: str = ""
    """Its name, as in `Hello.scenarios` if it came with Lintel."""
    steps: tuple[StepView, ...] = ()
    step: int = -1
    """Which step is played or was last; -1 before the first."""
    is_playing: bool = False
    """A step is played, or comes next by itself; else time passes for what is done by hand, unless `speed` is 0."""
    is_recording: bool = False
    camera: str = "works"
    disk: str = "works"
    view: tuple[dict[str, object], ...] = ()
    """Who is before the camera, as `[[step.view]]` of a scenario."""
    world: int = 1
    """Grows when the world begins once more, as on the way back to a step: its rows begin at 1 then."""
    lag_s: float = 0.0
    """How far the world is behind the speed that was asked for."""
    lost: str = ""
    """Of a monitor: why the service can't be asked; empty while it can. Then no door is known."""
    health: tuple[str, ...] = ()
    """Of a monitor: how the service is, a sentence each."""


class Level(msgspec.Struct, frozen=True):
    """A pin's level from then on."""

    pin: int
    at_s: float
    high: bool


class Levels(Message, frozen=True, tag="levels"):
    """Levels since the message before; in the beginning those of the last minute."""

    levels: tuple[Level, ...]


class Point(msgspec.Struct, frozen=True):
    """A place in the picture, as shares of its width and height."""

    x: float
    y: float


class Seen(Message, frozen=True, tag="seen", kw_only=True):
    """What the door sees in the camera's picture of the same time; shares are of the picture's size."""

    at_s: float
    box: tuple[float, float, float, float] | None = None
    """Left, top, width, height."""
    points: tuple[Point, ...] = ()
    """Some of the face's landmarks, enough to draw it."""
    quality: dict[str, float] = {}
    """Values as `Quality` has them."""
    reason: str = ""
    """Why this picture isn't good enough, as `Reason`."""
    sentence: str = ""
    """What the person there is told."""
    verdict: str = ""
    """Why the door decided as it did a moment ago, as `Reason`; `sentence` is its advice then."""
    prompt: str = ""
    """To which side to turn: `left`, `right`, or nothing."""
    cues: dict[str, float] = {}
    """What speaks for a live person or against one, as `Cues` has them."""
    similarity: float | None = None
    threshold: float | None = None
    frames: int = 0
    """How many frames the door has fused for the badge that is presented."""
    is_showing: bool = False
    """Whether a badge waits for this face."""


class Event(Message, frozen=True, tag="event"):
    """A row of the audit, as it is written."""

    row: Row
    sentence: str
    """What it means, in words."""


class Chain(Message, frozen=True, tag="chain"):
    """The audit as it was verified last."""

    rows: int
    is_whole: bool
    words: str


class Enrolling(Message, frozen=True, tag="enrolling", kw_only=True):
    """Guided enrollment goes on, or is over."""

    stage: str
    """`asked`, `hindered`, `enrolled`, `refused`."""
    kept: int = 0
    wanted: int = 0
    pose: str = ""
    words: str = ""
    rejected: tuple[str, ...] = ()


class Said(Message, frozen=True, tag="said"):
    """Something that the page shows for a while: what failed, or what to do."""

    words: str
    hint: str = ""
    is_error: bool = False


Sent = Hello | World | Levels | Seen | Event | Chain | Enrolling | Said
