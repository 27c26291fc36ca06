"""Events and doors for the tests of MQTT."""

from datetime import UTC, datetime
from typing import Any

from device.link.events import LinkEvent
from device.records import DoorInput, DoorState, DoorStatus, Line, Outputs

AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


def event(number: int = 1, kind: str = "decision", **values: Any) -> LinkEvent:
    given: dict[str, Any] = {"id": number, "uid": f"{number}-abc", "at": AT, "kind": kind, "door": "main"}
    return LinkEvent(**given | values)


def granted(number: int = 1, **values: Any) -> LinkEvent:
    return event(number, **({"outcome": "granted", "reason": "match", "plain_reason": "match"} | values))


def door(name: str = "main", state: DoorState = DoorState.LOCKED, **values: Any) -> DoorStatus:
    lines = ((DoorInput.DPS, Line.QUIET), (DoorInput.TAMPER, Line.QUIET))
    given: dict[str, Any] = {
        "since": 1.0,
        "lines": lines,
        "outputs": Outputs(released=state is DoorState.RELEASED),
    } | values
    return DoorStatus(door=name, state=state, **given)
