"""A scenario: who stands in front of the camera, which badge is presented when, and what is expected. Read from TOML.

title = "A door in an office"
room = "hall"                       # behind the people; none: "wall", which has nothing to be known by; or "office"
pad = "turn"                        # against pictures of faces, at all doors; none: as their settings say
begins = 2026-11-30T08:00:00+01:00  # the time of day at the first step; none: 2026-01-01 08:00 UTC
seed = 7                            # how people move and react; none: 0
rules = '[[rules]] ...'             # who may pass when, as `lintel policy apply` takes it; none: as the settings say

[settings.access]                   # none: the player's own settings; here any of them, more doors too
interlock = false

[images]                            # a file beside the scenario, or a portrait that came with Lintel
eileen = "portrait:eileen-collins"  # or "second:eileen-collins": another picture of her, rendered

[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
images = ["eileen"]                 # none: a person without a face, who needs a PIN
groups = ["staff"]
pin = "471147"                      # none: no PIN
duress_pin = "926626"               # what she types when forced to; likewise a badge, `duress_badge`

[[step]]
title = "Her own badge"
door = "main"                       # none: the first
badge = "17:1001"                   # none: no badge
badge_at_s = 1.0
badge_lasts_s = 5.0                 # it stays at its reader, which reports it ten times a second
keys = "471147#"                    # typed on the reader's pad, a key every 0.3 s
keys_at_s = 1.5
at = 2026-11-30T18:30:00+01:00      # the clock goes on to then before the step; none: a second after the last one
camera = "works"                    # or "dead", "frozen", "late", "repeats"
revoke = "17:1002"                  # a badge to revoke before the step
via = "wiegand"                     # the badge comes as bits on two wires, of which some may be flipped
flip = [5]
lasts_s = 20.0                      # at least; otherwise until all has happened and the door is at rest
expect = { outcome = "granted", reason = "match", strike = "released" }

[[step.happen]]                     # a wire, the relay, a reader, an operator, or the world; one thing each
at_s = 2.0
door = "main"                       # none: the step's
input = "dps"                       # or command = "lockdown", reader = "lost", relay = "broken",
line = "active"                     # or "quiet", "cut", "short"
                                    # badge = "17:1001" (with `via`, `flip`, `lasts_s`), keys = "471147#" (with `via`),
                                    # view = [...] (as `[[step.view]]`), camera = "dead", disk = "full",
                                    # clock_step_s = -3600.0, revoke = "17:1002"

[[step.view]]                       # none: no one is there
image = "eileen"
from = { x = 0.4, size = 0.3 }      # center and height, as shares of the picture's
to = { x = 0.5, size = 0.9 }
walk_s = 1.0
light = 0.8
as = "person"                       # with depth; none: "portrait"; or "print", "bent-print", "phone", "monitor" ...
turns = "when-asked"                # the head, or what is held; none: "never"; or "left", "right" at `turn_at_s`
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from device.credentials import format_badge, parse_badge
from device.errors import CredentialError, ScenarioError
from device.failures import in_words
from device.files import text_of
from device.policy.pin_choice import refuse_duress_pin, refuse_pin
from device.records import DoorCommand, DoorInput, DoorOutput, DoorState, Event, Line, Notice, PadMode, Reason
from device.settings.loading import old_layout_note, settings_in
from device.settings.tables import Settings
from device.virtual.camera import Condition
from device.virtual.figures import Figure, Room, Seconds, Table, Thing
from device.virtual.scene.clips import SUFFIXES, is_clip

_HINT = "`lintel simulate --help` says where a scenario's format is described."


class Expect(Table, frozen=True):
    """What must come of a step; what is left out may be anything."""

    outcome: Literal["granted", "denied"] | None = None
    reason: str | None = None
    strike: Literal["released", "secure"] | None = None
    within_s: Seconds | None = None
    state: DoorState | None = None
    events: tuple[Event, ...] = ()
    outputs: tuple[DoorOutput, ...] = ()
    reasons: tuple[str, ...] | None = None
    """Of all decisions of the step, in their order."""


Keys = Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9*#]*$")]
Flip = tuple[Annotated[int, msgspec.Meta(ge=0, le=127)], ...]
Via = Literal["reader", "wiegand"]
View = Annotated[tuple[Figure, ...], msgspec.Meta(max_length=20)]
Lasting = Annotated[float, msgspec.Meta(ge=0, le=3600)]
ClockStep = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


class Happening(Table, frozen=True):
    """Something that happens at a door or in its world: exactly one of these. What the page does is one, too."""

    at_s: Lasting = 0.0
    door: str = ""
    input: DoorInput | None = None
    line: Line = Line.ACTIVE
    command: DoorCommand | None = None
    reader: Notice | None = None
    relay: Literal["broken", "mended"] | None = None
    badge: str | None = None
    lasts_s: Seconds = 0.0
    keys: Keys = ""
    via: Via = "reader"
    flip: Flip = ()
    view: View | None = None
    """Who is before the camera from then on; empty: no one."""
    camera: Condition | None = None
    disk: Literal["works", "full"] | None = None
    clock_step_s: ClockStep | None = None
    """By how much someone sets the time of day, seconds."""
    revoke: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it says that happens; one, in a valid one."""
        given = {name: getattr(self, name) for name in KINDS}
        return tuple([name for name, value in given.items() if value is not None and value != ""])


KINDS = (
    "input",
    "command",
    "reader",
    "relay",
    "badge",
    "keys",
    "view",
    "camera",
    "disk",
    "clock_step_s",
    "revoke",
)
"""What can happen."""


class Step(Table, frozen=True):
    """One scene: it begins, a badge may be presented, things may happen, something must come of it."""

    title: str
    door: str = ""
    view: tuple[Figure, ...] = ()
    badge: str | None = None
    badge_at_s: Seconds = 0.5
    badge_lasts_s: Seconds = 0.0
    keys: Keys = ""
    keys_at_s: Seconds = 1.5
    via: Via = "reader"
    flip: Flip = ()
    camera: Condition = "works"
    revoke: str | None = None
    at: datetime | None = None
    happen: tuple[Happening, ...] = ()
    lasts_s: Lasting = 0.0
    expect: Expect = Expect()


class Enrollee(Table, frozen=True):
    """A person to enroll before the first step."""

    name: str
    badge: str
    images: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pin: str = ""
    duress_pin: str = ""
    duress_badge: str = ""


PORTRAIT, SECOND = "portrait:", "second:"
"""Sources of images: a portrait that came with Lintel, and a second picture rendered out of it."""


class Scenario(Table, frozen=True):
    """A whole scenario."""

    title: str
    step: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    settings: Settings | None = None
    room: Room = Room.WALL
    pad: PadMode | None = None
    begins: datetime | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """How people move and react, and to which side they are asked to turn."""
    rules: str = ""
    images: dict[str, str] = msgspec.field(default_factory=dict)
    enroll: tuple[Enrollee, ...] = ()

    @property
    def rendered(self) -> tuple[str, ...]:
        """The names of those images that aren't photographs: second pictures, rendered out of one."""
        return tuple(name for name, source in self.images.items() if source.startswith(SECOND))


def read_scenario(path: Path, warn: Callable[[str], None] | None = None) -> Scenario:
    """The scenario in a TOML file; `warn` takes a sentence about settings in the layout before `[[doors]]`.

    Raises `ScenarioError` if it cannot be read, or names what does not exist.
    """
    try:
        scenario = _read(path, warn or (lambda _: None))
    except OSError as error:
        raise ScenarioError(f"Cannot read the scenario {path}: {in_words(error)}.", hint=_HINT) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ScenarioError(f"The scenario {path} is wrong: {error}.", hint=_HINT) from None
    _check_images(scenario, path)
    _check_clips(scenario, path)
    _check_badges(scenario, path)
    _check_reasons(scenario, path)
    _check_happenings(scenario, path)
    _check_people(scenario, path)
    _check_times(scenario, path)
    return scenario


def _read(path: Path, warn: Callable[[str], None]) -> Scenario:
    """Raises `OSError`, `ValueError`, `RecursionError`."""
    said = msgspec.toml.decode(text_of(path.read_bytes()))
    table = said.pop("settings", None)
    scenario = msgspec.convert(said, Scenario)
    if table is None:
        return scenario
    try:
        loaded = settings_in(msgspec.convert(table, dict[str, Any]), screen=True)
    except ValueError as error:
        raise ValueError(f"{error} - in [settings]") from None
    if loaded.was_old:
        warn(old_layout_note(f"[settings] in the scenario {path}", "the new one is in docs/wiring.md"))
    return msgspec.structs.replace(scenario, settings=loaded.settings)


BUILT_IN = ("front-door", "a-working-week", "things-break", "getting-in")
"""The scenarios that come with Lintel; the first one is played by default."""


def built_in_scenario(name: str = BUILT_IN[0]) -> Path:
    """The scenario of that name that came with Lintel."""
    return Path(str(files("device.simulation"))) / f"{name}.toml"


def figures_of(step: Step) -> tuple[Figure, ...]:
    """All that is before the camera in a step, at some time."""
    return (*step.view, *(figure for what in step.happen for figure in what.view or ()))


def _check_images(scenario: Scenario, path: Path) -> None:
    used = {image for enrollee in scenario.enroll for image in enrollee.images}
    used |= {figure.image for step in scenario.step for figure in figures_of(step)}
    if unknown := sorted(used - set(scenario.images)):
        raise ScenarioError(
            f"The scenario {path} uses images it does not name under [images]: {', '.join(unknown)}.", hint=_HINT
        )


def _check_clips(scenario: Scenario, path: Path) -> None:
    for step in scenario.step:
        for figure in figures_of(step):
            if figure.thing is Thing.CLIP and not is_clip(scenario.images[figure.image]):
                raise ScenarioError(
                    f'In the scenario {path} the image {figure.image!r} of "{step.title}" is not a video.',
                    hint=f"Name a file that ends in one of: {', '.join(sorted(SUFFIXES))}.",
                )


def _check_badges(scenario: Scenario, path: Path) -> None:
    """Any badge may be presented, but only real ones are enrolled, and only those can be revoked."""
    try:
        enrolled = {parse_badge(enrollee.badge) for enrollee in scenario.enroll}
        enrolled |= {parse_badge(enrollee.duress_badge) for enrollee in scenario.enroll if enrollee.duress_badge}
        _refuse_pins(scenario.enroll)
        revoked = {parse_badge(badge) for step in scenario.step for badge in _revoked_in(step)}
    except CredentialError as error:
        raise ScenarioError(f"The scenario {path} is wrong: {error.message}", hint=error.hint) from None
    if unknown := sorted(revoked - enrolled):
        raise ScenarioError(
            f"The scenario {path} revokes badges it does not enroll: {', '.join(map(format_badge, unknown))}.",
            hint=_HINT,
        )


def _revoked_in(step: Step) -> tuple[str, ...]:
    named = (step.revoke, *(what.revoke for what in step.happen))
    return tuple([badge for badge in named if badge is not None])


def _refuse_pins(enrollees: Iterable[Enrollee]) -> None:
    """Raises `CredentialError` for a PIN that a person couldn't have."""
    for enrollee in enrollees:
        if enrollee.pin:
            refuse_pin(enrollee.pin)
        if enrollee.duress_pin:
            refuse_duress_pin(enrollee.duress_pin, enrollee.pin)


def _check_happenings(scenario: Scenario, path: Path) -> None:
    for step in scenario.step:
        if step.flip and step.via != "wiegand":
            raise ScenarioError(
                f'The scenario {path} flips bits of a badge that does not come as bits, in "{step.title}".',
                hint='Set `via = "wiegand"` in this step.',
            )
        for happening in step.happen:
            if wrong := wrong_with(happening):
                raise ScenarioError(
                    f'In the scenario {path} a `happen` table of "{step.title}" {wrong}.',
                    hint=f"Set exactly one of {', '.join(f'`{name}`' for name in KINDS)} in each table.",
                )


def wrong_with(what: Happening) -> str:
    """What is wrong with it, as the end of a sentence; "" if nothing is."""
    if len(what.kinds) != 1:
        return "names no kind, or several"
    if what.flip and what.via != "wiegand":
        return 'flips bits of a badge that does not come as bits, which takes `via = "wiegand"`'
    return ""


def _check_reasons(scenario: Scenario, path: Path) -> None:
    codes = {reason.code for reason in Reason}
    expected = {step.expect.reason for step in scenario.step if step.expect.reason is not None}
    expected |= {reason for step in scenario.step for reason in step.expect.reasons or ()}
    if unknown := sorted(expected - codes):
        raise ScenarioError(
            f"The scenario {path} expects reasons that do not exist: {', '.join(unknown)}.",
            hint=f"Take one of: {', '.join(sorted(codes))}.",
        )


def _check_people(scenario: Scenario, path: Path) -> None:
    for enrollee in scenario.enroll:
        if not enrollee.images and not enrollee.pin:
            raise ScenarioError(
                f"The scenario {path} enrolls a person with neither `images` nor a `pin`: {enrollee.name}.", hint=_HINT
            )


def _check_times(scenario: Scenario, path: Path) -> None:
    """Times have a zone, and go forward: a step begins when the clock comes to it."""
    times = [scenario.begins, *(step.at for step in scenario.step)]
    given = [at for at in times if at is not None]
    if any(at.tzinfo is None for at in given):
        raise ScenarioError(
            f"The scenario {path} has a time without its offset.", hint="Write it as 2026-11-30T08:00:00+01:00."
        )
    if given != sorted(given) or (given and scenario.begins is None):
        raise ScenarioError(
            f"The scenario {path} goes back in time, or does not say when it begins.",
            hint="Set `begins`, and `at` of steps in their order.",
        )
