"""Writes docs/door.md from the code: the door's states, what leads from one to the other, and how to get out of each.

`make docs` runs it.
"""

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from door_states import (
    EVENTS,
    SETTINGS,
    Edge,
    after,
    edges,
    label,
    pressed,
    simplest,
    until_it_changes,
    waited,
    way_back,
)

from device.door.controller import EXIT_HELD_S, FEEDBACK_S, GRACE_S, LIMITS, QUIET_S, Controller, is_pre_alarm, outputs
from device.records import DoorEvent, DoorInput, DoorOutput, DoorState, InputChanged, Line
from device.settings.described import setting_meanings

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "door.md"
ALONE = (DoorState.LOCKED, DoorState.RELEASED, DoorState.OPEN, DoorState.HELD_OPEN, DoorState.FORCED)
"""The door by itself; the others are what it is made to be."""
BOX = "door"

MEANINGS: Mapping[DoorState, str] = {
    DoorState.LOCKED: """
        Closed and secure. A badge, an operator, a schedule or, where `rex` says so, a request to exit releases it.""",
    DoorState.RELEASED: """
        Closed, and may be opened: for the strike time after a grant, or for as long as a schedule says. One grant is
        for one opening.""",
    DoorState.OPEN: """
        Opened with cause. With `relock = "open"` the strike is secure again, so that the door locks when it falls shut.
        Before it has been open for too long the buzzer warns.""",
    DoorState.HELD_OPEN: """
        Open for too long: propped, or not fallen shut. Close the door.""",
    DoorState.FORCED: """
        Opened without a grant, a schedule or a request to exit: the siren sounds. A granted person can still come in,
        but only closing the door or an operator ends the alarm.""",
    DoorState.FAULT: """
        Something the door needs does not work, and it is unknown whether it is secure: a damaged wire of the position
        switch, of the lock's feedback or of the lockdown switch, a lock that stays unlocked, outputs that cannot be
        driven. `lintel door status` says which. Only the way out and an evacuation release it; fixing the cause ends
        it.""",
    DoorState.LOCKDOWN: """
        Secure against everybody outside, also over a restart or a power cut, until an operator clears it. The handle,
        an exit badge and, with `rex = "release"`, the exit button still let people out.""",
    DoorState.EVACUATION: """
        Released for everybody until the fire input is quiet and an operator clears it. An ordered one outlasts restarts
        and power cuts, and `lintel door secure` leaves it; after a start the fire input decides whether its own
        goes on.""",
}

BEGINNING = """
# The door

Made from the code by `make docs`, which tries every event in every state; do not edit.

What a door is by itself stands in the box, what it is made to be beside it. The first of these that holds is shown:
EVACUATION, FAULT, LOCKDOWN, then the door by itself. An alarm sounds in all of them but an evacuation: a door that is
opened without cause in lockdown is as loud as any.
"""
ABOUT_STATES = """
The siren also sounds while the housing is open, in any state. `shunt` is on as well while a request to exit allows an
opening. With `relock = "close"` the strike stays released, and its lamp on, until the door is closed or the strike time
is over.
"""
ABOUT_LEAVING = """
## How to leave each state

The shortest way back to a door that is LOCKED and silent, for each way in which a state can come about.
"""
ABOUT_INPUTS = """
## What each input does

To a door that is RELEASED by a grant. Active means: the door is open (`dps`), the lock is unlocked (`strike-feedback`).
Damage is written into the audit in any case.
"""
ABOUT_FIRE = """
A damaged fire wire does not release the door, or cutting it would let a thief in. It does not end an evacuation either,
as a fire burns wires. If you want a cut wire to release, connect it without end-of-line resistors and with
`active = "open"`.
Letting people out must never depend on this program: a handle does it, or the fire panel in the lock's own power line.
"""
ABOUT_EVENTS = """
## Every event in every state

Seen from the door that is in a state for the simplest reason, with the settings as they come; a dot is where nothing
changes, and events that change nothing in any state are left out.
"""
RULES = """
## Rules that always hold

- The strike is released only within the time of a grant, of an operator's release or of a request to exit (where `rex`
  is `release`), while a schedule says so, or in an evacuation. A clock that is set back or stands still makes that time
  shorter, never longer.
- In FAULT and LOCKDOWN no badge from outside, operator or schedule releases it.
- The way out is open in every state: an exit badge, and the exit button with `rex = "release"`, release the strike for
  its time in FAULT and LOCKDOWN as well, and a mantrap's interlock yields to them, which is reported. A door whose
  outputs failed tries to drive them again. A fault does not end that release; the opening, `secure` and a new lockdown
  do, and the next press releases again. Each such release is in the audit.
- EVACUATION comes first because it saves lives: a fire damages wires, and a fault must not keep people in. Where an
  attacker might set off the fire panel, and the handle always lets people out, wire no fire input.
- FAULT is shown before LOCKDOWN, as it says that a lockdown may not be kept. Both are secure.
- Of an operator's lockdown and evacuation the later word counts. A lockdown beneath a fire is there again when the fire
  is cleared.
- `clear` ends one thing at a time, the one that is shown, and only when its input is quiet. It also quiets the siren
  of an open housing.
- A grant never quiets an alarm. At a door that stands open it is for the next opening, and the time that the door may
  stay open starts again. For people who need more time that is longer by `extended_strike_time_s`.
- Every opening without cause is an alarm, also in lockdown and in a fault, where the siren says so beneath the state.
- Each grant at a closed door with a position switch has another row when the door is opened (`door-passed`) or when its
  time is over (`door-not-entered`); it names the row of the decision.
- A request to exit counts when its wire goes from quiet to active: a jammed button releases once, and nothing at a
  restart. A push bar must press its contact before it moves the bolt.
- A door without a position switch is never OPEN, HELD_OPEN or FORCED, and is released by time alone.
- A door that is open when it is first seen after a start was forced if it was forced before, or closed: the siren
  sounds. Otherwise it was found open: that is reported, its time to be closed runs, and the building's alarm is not
  shunted until it has been closed or an operator clears it.
- No command waits for a disk. Lockdown and evacuation are driven first and written afterwards, into room that was made
  at the start; `lintel door status` says so while that takes more than 1 s. What cannot be read is a lockdown.
"""


def page() -> str:
    """The whole page."""
    doors = simplest()
    parts = (
        BEGINNING,
        *_diagram(doors),
        *_states(doors),
        ABOUT_STATES,
        ABOUT_LEAVING,
        *_leaving(doors),
        ABOUT_INPUTS,
        *_inputs(doors),
        ABOUT_FIRE,
        ABOUT_EVENTS,
        *_table(doors),
        *_times(),
        RULES,
    )
    return "\n".join(parts).strip().replace("\n\n\n", "\n\n") + "\n"


def _diagram(doors: dict[DoorState, Controller]) -> Iterator[str]:
    """Mermaid; arrows between a state in the box and one outside begin or end at the box."""
    found = [edge for door in doors.values() for edge in edges(door)]
    drawn = {(start, end): _why(found, start, end) for start, end in itertools.product(_places(), _places())}
    yield from ("```mermaid", "stateDiagram-v2", "    direction LR", f'    state "the door by itself" as {BOX} {{')
    yield f"        [*] --> {DoorState.LOCKED.name}"
    yield from _arrows(drawn, is_inside=True)
    yield "    }"
    yield from _arrows(drawn, is_inside=False)
    yield from ("```", "")


def _places() -> tuple[DoorState | None, ...]:
    """The states and, as None, the box."""
    return (*DoorState, None)


def _why(found: Sequence[Edge], start: DoorState | None, end: DoorState | None) -> list[str]:
    """What leads from one place to another, as far as its arrow is drawn there, in few words."""
    if (start in ALONE) != (end in ALONE) or start is end:
        return []
    whole = [edge for edge in found if _is_at(edge.start, start) and _is_at(edge.end, end)]
    return list(dict.fromkeys(_short(edge.why) for edge in whole))


def _is_at(state: DoorState, place: DoorState | None) -> bool:
    return state is place or (place is None and state in ALONE)


def _short(why: str) -> str:
    """A label for an arrow: the tables have the details."""
    return "wire damaged" if "wire" in why else why.replace("`", "").replace(" says", "").removeprefix("extended ")


def _arrows(drawn: Mapping[tuple[DoorState | None, DoorState | None], list[str]], *, is_inside: bool) -> Iterator[str]:
    for (start, end), why in drawn.items():
        if why and (start in ALONE) == is_inside:
            arrow = f"{_name(start)} --> {_name(end)}: {'<br>'.join(why)}"
            yield f"        {arrow}" if is_inside else f"    {arrow}"


def _name(place: DoorState | None) -> str:
    return place.name if place else BOX


def _states(doors: dict[DoorState, Controller]) -> Iterator[str]:
    yield from ("## States and outputs", "", "| state | what it means | strike | on |", "|---|---|---|---|")
    for state, door in doors.items():
        yield f"| {state.name} | {' '.join(MEANINGS[state].split())} | {_strike(door)} | {_on(door)} |"
        if state is DoorState.OPEN:
            warned = _pre_alarm(door)
            meaning = "It will soon have been open for too long."
            yield f"| {state.name}, the last `pre_alarm_s` | {meaning} | {_strike(warned)} | {_on(warned)} |"


def _pre_alarm(door: Controller) -> Controller:
    while not is_pre_alarm(SETTINGS, door):
        later = waited(door)
        assert later is not None
        door = later
    return door


def _strike(door: Controller) -> str:
    return "**released**" if outputs(SETTINGS, door).released else "secure"


def _on(door: Controller) -> str:
    on = outputs(SETTINGS, door).on
    return ", ".join(f"`{output}`" for output in DoorOutput if output in on) or "-"


def _leaving(doors: dict[DoorState, Controller]) -> Iterator[str]:
    yield from ("| state | came about by | way back |", "|---|---|---|")
    for state in DoorState:
        for why, door in _ways_into(state, doors):
            steps = [name for name, _ in itertools.groupby(way_back(door))]
            yield f"| {state.name} | {why} | {', '.join(steps) or '-'} |"


def _ways_into(state: DoorState, doors: dict[DoorState, Controller]) -> Iterator[tuple[str, Controller]]:
    """Each event, lasting if need be, that brings a door at rest into a state; else the simplest door in it."""
    ways: dict[str, Controller] = {}
    for event in EVENTS:
        following = after(doors[DoorState.LOCKED], event)
        later = until_it_changes(following) if following.state is DoorState.LOCKED else None
        if state is not DoorState.LOCKED and following.state is state:
            ways.setdefault(label(event), following)
        elif later is not None and later[0].state is state:
            ways.setdefault(f"{label(event)} {later[1]}", later[0])
    if not ways:
        ways = {"at rest" if state is DoorState.LOCKED else "opened with cause": doors[state]}
    yield from ways.items()


def _inputs(doors: dict[DoorState, Controller]) -> Iterator[str]:
    """What each input does, by what its wire says."""
    yield from ("| input | active | cut or short |", "|---|---|---|")
    for wire in DoorInput:
        damaged = {_effect(doors, wire, line) for line in (Line.CUT, Line.SHORT)}
        assert len(damaged) == 1, "a cut and a short count alike"
        yield f"| `{wire}` | {_effect(doors, wire, Line.ACTIVE)} | {damaged.pop()} |"


def _effect(doors: dict[DoorState, Controller], wire: DoorInput, line: Line) -> str:
    before = doors[DoorState.RELEASED]
    following = after(before, InputChanged(wire, line))
    if following.state is not before.state:
        return f"{following.state.name}, {_strike(following)}"
    sounding = outputs(SETTINGS, following).on - outputs(SETTINGS, before).on
    return ", ".join(f"`{output}`" for output in sorted(sounding)) or "-"


def _table(doors: dict[DoorState, Controller]) -> Iterator[str]:
    yield f"| event | {' | '.join(state.name for state in doors)} |"
    yield "|---" * (len(doors) + 1) + "|"
    rows = {label(event): [_cell(door, event) for door in doors.values()] for event in reversed(EVENTS)}
    for name in dict.fromkeys(label(event) for event in EVENTS):
        if set(rows[name]) != {_NOTHING}:
            yield f"| {name} | {' | '.join(rows[name])} |"
        if name == label(InputChanged(DoorInput.REX, Line.ACTIVE)):
            effects = (_effect_on(door, pressed(door)) for door in doors.values())
            yield f'| {name}, `rex = "release"` | {" | ".join(effects)} |'
    times = (until_it_changes(door) for door in doors.values())
    yield f"| time | {' | '.join(found[0].state.name if found else _NOTHING for found in times)} |"
    yield ""


_NOTHING = "·"


def _cell(door: Controller, event: DoorEvent) -> str:
    return _effect_on(door, after(door, event))


def _effect_on(door: Controller, following: Controller) -> str:
    if following.state is not door.state:
        return following.state.name
    before, driven = outputs(SETTINGS, door), outputs(SETTINGS, following)
    if driven.released and not before.released:
        return "released"
    sounding = sorted(driven.on - before.on)
    return ", ".join(sounding) or _NOTHING


def _times() -> Iterator[str]:
    yield from ("## Times", "", "| time | as it comes | least | most | what for |", "|---|---|---|---|---|")
    meanings = setting_meanings()
    for name, (least, most) in LIMITS.items():
        meaning = meanings["doors", name].removesuffix(", seconds")
        yield f"| `{name}` | {getattr(SETTINGS, name):g} s | {least:g} s | {most:g} s | {meaning} |"
    fixed = {
        "grace": (GRACE_S, "how long after the strike was secured an opening still has its cause"),
        "request that lasts": (EXIT_HELD_S, "how long it allows openings; after that its button counts as stuck"),
        "lock's bolt": (FEEDBACK_S, "a longer disagreement with its relay: a fault if unlocked, reported if locked"),
        "quiet": (QUIET_S, "how long a forced door must be closed before its alarm ends"),
    }
    yield from (f"| {name} | {seconds:g} s | | | {meaning} |" for name, (seconds, meaning) in fixed.items())


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
