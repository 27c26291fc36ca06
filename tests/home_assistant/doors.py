"""The doors that Home Assistant is shown: the link's wire in a process of its own, which does what it reads.

    python -m tests.home_assistant.doors PORT [code | button]

A line each: `open`, `close`, `show main:locked back:open`, `gone` (no service answers), `access TYPE` or
`access front:TYPE`; `done` answers.
"""

import sys
from datetime import UTC, datetime
from functools import partial

from device.link.commands.components import components
from device.link.commands.heard import CommandTopics
from device.link.events import LinkEvent
from device.link.mqtt.topics import Topics
from device.link.mqtt.wire import MqttWire
from device.link.settings.commands import CommandSettings
from device.link.settings.mqtt import MqttSettings
from device.records import DoorInput, DoorState, DoorStatus, Line, Outputs

ACCESS = {
    "granted": {"kind": "decision", "outcome": "granted", "reason": "match"},
    "denied": {"kind": "decision", "outcome": "denied", "reason": "non-match"},
    "forced": {"kind": "door-forced"},
    "held": {"kind": "door-held-open"},
    "duress": {"kind": "decision", "outcome": "granted", "reason": "duress", "plain_reason": "pin"},
}


def main() -> None:
    """Does what standard input says, until it ends."""
    settings = MqttSettings(host="127.0.0.1", port=int(sys.argv[1]), tls=False)
    topics = CommandTopics(Topics(settings.site, settings.controller))
    commands = CommandSettings(
        home_assistant="button" if "button" in sys.argv else "code" if "code" in sys.argv else "off"
    )
    wire, number = MqttWire(settings, partial(components, topics=topics, settings=commands)), 0
    for line in sys.stdin:
        match line.split():
            case ["open"]:
                wire.open()
            case ["close"]:
                wire.close()
            case ["gone"]:
                wire.show(())
            case ["show", *doors]:
                wire.show(tuple(door_of(*one.split(":")) for one in doors))
            case ["access", what]:
                door, _, access = what.rpartition(":")
                number += 1
                one = {"id": number, "uid": f"{number}-x", "at": datetime.now(UTC), "door": door or "main"}
                wire.deliver([LinkEvent(**one, **ACCESS[access])])  # type: ignore[arg-type]
            case other:
                raise SystemExit(f"not understood: {other}")
        print("done", flush=True)
    wire.close()


def door_of(name: str, state: str) -> DoorStatus:
    """A door in a state, as its wires would say it."""
    one = DoorState(state)
    is_open = one in (DoorState.OPEN, DoorState.HELD_OPEN, DoorState.FORCED)
    return DoorStatus(
        door=name,
        state=one,
        since=0.0,
        lines=((DoorInput.DPS, Line.ACTIVE if is_open else Line.QUIET), (DoorInput.TAMPER, Line.QUIET)),
        outputs=Outputs(released=one in (DoorState.RELEASED, DoorState.OPEN, DoorState.EVACUATION)),
        troubles=("The strike's feedback is missing.",) if one is DoorState.FAULT else (),
    )


if __name__ == "__main__":
    main()
