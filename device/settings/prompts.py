"""What asks for a turn of the head at a door, which `pad` follows from it, and what is refused where nothing does.

A direction is prompted by two lamps, outputs of the door, or by each reader at its way in: by text, or by two patterns
of its LED or its buzzer that the settings name. The simulation has a screen.
"""

from collections.abc import Iterator
from typing import assert_never

from device.records import DoorOutput, PadMode
from device.settings import places
from device.settings.tables import DoorSettings, ReaderSettings, Settings, TurnPrompt

LAMPS = (DoorOutput.TURN_LEFT, DoorOutput.TURN_RIGHT)
SHOWING_KINDS = frozenset({"wiegand", "osdp"})
"""Readers whose LED and buzzer are driven."""
_WIRE_LAMPS = (
    'wire two lamps and name their pins, `[[doors.outputs]]` with `signal = "turn-left"` and `pin = 5`, and another '
    'with `signal = "turn-right"` and `pin = 6`'
)
_HAVE_IT_SHOWN = (
    '; or have the reader do it, `turn_left = "beep"` and `turn_right = "two-beeps"`, or both `"text"` on a display'
)


def pad_of(door: DoorSettings) -> PadMode:
    """What a door demands: its setting, else a turn where it can ask for one."""
    if door.pad is not None:
        return door.pad
    return PadMode.TURN if asks_for_turns(door) else PadMode.PASSIVE


def asks_for_turns(door: DoorSettings, *, screen: bool = False) -> bool:
    """Whether a direction can be shown to every person at the way in, in simulation by a `screen`; False where there is
    no way in.
    """
    entries = [reader for reader in door.readers if reader.direction == "entry"]
    return bool(entries) and (screen or has_lamps(door) or all(map(shows_directions, entries)))


def has_lamps(door: DoorSettings) -> bool:
    """Whether both lamps are wired."""
    return {one.signal for one in door.outputs}.issuperset(LAMPS)


def shows_directions(reader: ReaderSettings) -> bool:
    """Whether a reader can show both directions."""
    return reader.turn_left is not None and reader.turn_right is not None


def pad_words(door: DoorSettings, network: str = "") -> str:
    """What a door demands, by which network, and whether a print of a face is stopped; "" where there is no way in."""
    if not any(reader.direction == "entry" for reader in door.readers):
        return ""
    pad = pad_of(door)
    looks = f"{pad}, network {network}" if network else pad.value
    match pad:
        case PadMode.TURN | PadMode.TURN_IN_DOUBT:
            return looks
        case PadMode.PASSIVE if not asks_for_turns(door):
            return f"{looks}; no prompt: a print is not stopped"
        case PadMode.PASSIVE:
            return f"{looks}: a print is not stopped"
        case PadMode.OFF:
            return f"{pad}: a print is not stopped"
        case _:
            assert_never(pad)


def unstopped_lines(settings: Settings) -> Iterator[str]:
    """A line for the journal about each door at which a print of a face is not stopped."""
    for door in settings.doors:
        if pad_of(door) in (PadMode.PASSIVE, PadMode.OFF) and (words := pad_words(door, settings.pad.network)):
            yield f"Door {door.name}: presentation attack detection {words}"


def refuse_pads(settings: Settings, *, screen: bool = False) -> None:
    """Raises `ValueError` for what can't be asked for, with what to wire."""
    for place, _, reader in places.readers(settings):
        _refuse_patterns(reader, place)
    for place, door in places.doors(settings):
        _refuse_one_lamp(door, place)
        _refuse_unasked(settings, door, place, screen=screen)


def _refuse_unasked(settings: Settings, door: DoorSettings, place: str, *, screen: bool) -> None:
    if door.pad not in (PadMode.TURN, PadMode.TURN_IN_DOUBT):
        return
    if not asks_for_turns(door, screen=screen):
        silent = [one for one in door.readers if one.direction == "entry" and not shows_directions(one)]
        names = ", ".join(one.name for one in silent)
        where = f"at the reader {names}" if silent else "as it has no reader at its way in"
        can_learn = silent and all(one.kind in SHOWING_KINDS for one in silent)
        raise ValueError(
            f"the door {door.name!r} can't ask for a turn of the head {where} - {_WIRE_LAMPS}"
            f"{_HAVE_IT_SHOWN if can_learn else ''}; or leave `pad` out, and a print is not stopped - at `{place}.pad`"
        )
    if door.pad is PadMode.TURN_IN_DOUBT and not settings.pad.network:
        raise ValueError(
            f"the door {door.name!r} has no network that could be in doubt - import one (`lintel-convert install "
            'minifasnet-v2 --help`), name it as `network = "minifasnet-v2"` under [pad], and calibrate it at this '
            f'door with `lintel pad record`; until then, `pad = "turn"` - at `{place}.pad`'
        )


def _refuse_one_lamp(door: DoorSettings, place: str) -> None:
    there = [one.signal for one in door.outputs if one.signal in LAMPS]
    if len(set(there)) == 1:
        (missing,) = set(LAMPS) - set(there)
        raise ValueError(
            f"the door {door.name!r} has a lamp {there[0]} and none for {missing}, expected both - at `{place}.outputs`"
        )


def _refuse_patterns(reader: ReaderSettings, place: str) -> None:
    left, right = reader.turn_left, reader.turn_right
    if left is None and right is None:
        return
    if left is None or right is None:
        given, missing = ("turn_right", "turn_left") if left is None else ("turn_left", "turn_right")
        raise ValueError(f"the reader {reader.name!r} has `{given}` and no `{missing}` - at `{place}.{given}`")
    if left == right != "text":
        raise ValueError(
            f"the reader {reader.name!r} shows both directions by {left!r}, expected two that differ, such as "
            f'`turn_left = "beep"` and `turn_right = "two-beeps"` - at `{place}.turn_right`'
        )
    if reader.kind not in SHOWING_KINDS:
        raise ValueError(
            f"the reader {reader.name!r} is a {reader.kind}, which shows nothing, expected no `turn_left` - wire two "
            f"lamps, outputs `turn-left` and `turn-right` of its door - at `{place}.turn_left`"
        )
    for name, prompt in (("turn_left", left), ("turn_right", right)):
        if lacking := _lacks(reader, prompt):
            raise ValueError(
                f"the reader {reader.name!r} has no {lacking}, which {prompt!r} needs - at `{place}.{name}`"
            )


def _lacks(reader: ReaderSettings, prompt: TurnPrompt) -> str:
    """What a pattern needs and a reader has no wire for; an OSDP reader has all on its line."""
    if reader.kind == "osdp":
        return ""
    match prompt:
        case "text":
            return "display"
        case "beep" | "two-beeps":
            return "" if reader.buzzer_pin is not None else "`buzzer_pin`"
        case "slow-blink" | "fast-blink":
            return "" if reader.led_pin is not None else "`led_pin`"
        case _:
            assert_never(prompt)
