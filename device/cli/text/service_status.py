"""Words for the service as a whole."""

from collections.abc import Iterator, Sequence

from device.cli.text.door_status import duration
from device.records import DoorStatus
from device.records.service import ServiceStatus
from device.records.swipes import Percentiles

SHORT = 16
"""Digits of a hash that people read."""


def service_lines(service: ServiceStatus | None, doors: Sequence[DoorStatus]) -> Iterator[str]:
    """The page. A service that has only just started says nothing of itself yet."""
    if service is None:
        yield "The doors are in operation; the service has only just started."
    else:
        yield from _whole(service)
    for door in doors:
        yield from _door(door)
    if not missing(doors):
        yield "missing: nothing"
    for trouble in missing(doors):
        yield f"missing: {trouble}"
    if service is not None:
        yield from _counted(service)


def missing(doors: Sequence[DoorStatus]) -> tuple[str, ...]:
    """What does not work at any door, each once."""
    return tuple(dict.fromkeys(trouble for door in doors for trouble in door.troubles))


def service_json(service: ServiceStatus | None, doors: Sequence[DoorStatus]) -> dict[str, object]:
    """The same for machines, by stable names."""
    return {
        "service": service,
        "doors": [
            {"door": door.door, "state": door.state, "badge_to_relay": door.badge_to_relay, "chip": door.chip}
            for door in doors
        ],
        "missing": missing(doors),
    }


def _whole(service: ServiceStatus) -> Iterator[str]:
    state = "ready" if service.is_ready else "in operation, trying its parts"
    yield f"Lintel {service.version or 'of unknown version'}, {state}, up {duration(service.up_s)}"
    reload = f"; {service.settings_said}" if service.settings_said else ""
    yield f"settings: {service.settings[:SHORT] or 'not known yet'}{reload}"
    yield f"model: {service.model[:SHORT] or 'none'}"
    if service.upgrade:
        yield f"upgrade: {service.upgrade}"


def _door(door: DoorStatus) -> Iterator[str]:
    yield f"door {door.door}: {door.state}{f', {door.schedule}' if door.schedule else ''}"
    yield f"  badge to relay: {waits(door.badge_to_relay)}"


def waits(times: Percentiles | None) -> str:
    """Exact percentiles, seconds."""
    if times is None:
        return "none yet"
    count = f"of {times.count} time{'s' * (times.count != 1)}"
    return f"p50 {times.p50_s:.2f} s, p95 {times.p95_s:.2f} s, p99 {times.p99_s:.2f} s, {count}"


def _counted(service: ServiceStatus) -> Iterator[str]:
    refused = ", ".join(f"{one.reason} {one.count}" for one in service.refusals)
    yield f"granted: {service.grants}, denied: {sum(one.count for one in service.refusals)}"
    if refused:
        yield f"  denied by reason: {refused}"
    if service.head is not None:
        yield f"audit: row {service.head.row}, head {service.head.hash[:SHORT]}"
    for alarm in service.alarms:
        yield f"alarm: {alarm.kind}, {alarm.count} open, since {alarm.since:%Y-%m-%d %H:%M} UTC"
    if not service.alarms:
        yield "alarms: none is open" if service.as_of_s is not None else "alarms: not known yet"
    if service.as_of_s is not None and service.as_of_s > LATE_S:
        yield f"The store has not answered for {duration(service.as_of_s)}: alarms are as of then."


LATE_S = 10.0
"""From this age on, seconds, what the store said is called old."""
