"""Words for a door's status, and whether it carried out a command."""

from collections.abc import Iterator
from typing import assert_never

from device.policy.looks import MOST_TIMES_TARGET, TRIES, chance_within
from device.records import DoorCommand, DoorState, DoorStatus

_BECAUSE = {
    DoorState.LOCKDOWN: "it is in lockdown until `lintel door clear`",
    DoorState.EVACUATION: "it is evacuated until its fire input is quiet and `lintel door clear`",
    DoorState.FAULT: "something it needs doesn't work, and `lintel door status` says what",
}
_AFTER_CLEAR = frozenset({DoorState.LOCKED, DoorState.RELEASED, DoorState.OPEN})


def status_lines(status: DoorStatus, now: float) -> Iterator[str]:
    """One door for people; `now` is in seconds on the monotonic clock."""
    strike = "RELEASED" if status.outputs.released else "secure"
    yield f"{status.door}: {status.state} for {duration(now - status.since)}, strike {strike}"
    if status.outputs.on:
        yield f"  on: {', '.join(sorted(status.outputs.on))}"
    if status.lines:
        yield f"  wires: {', '.join(f'{wire} {line}' for wire, line in status.lines)}"
    if status.schedule:
        yield f"  schedule: {status.schedule}"
    if status.pad:
        yield f"  presentation attacks: {status.pad}"
    if status.target_fmr:
        yield f"  faces: {_promise(status.target_fmr)}"
    if status.chip:
        yield f"  chip: {status.chip}"
    for trouble in status.troubles:
        yield f"  trouble: {trouble}"


def status_json(status: DoorStatus, now: float) -> dict[str, object]:
    """One door for machines."""
    return {
        "door": status.door,
        "state": status.state,
        "for_s": round(max(0.0, now - status.since), 3),
        "released": status.outputs.released,
        "on": sorted(status.outputs.on),
        "lines": dict(status.lines),
        "troubles": status.troubles,
        "chip": status.chip,
        "schedule": status.schedule,
        "pad": status.pad,
        "target_fmr": status.target_fmr or None,
        "transaction_far_at_most": _significant(MOST_TIMES_TARGET * status.target_fmr) or None,
        f"stolen_badge_within_{TRIES}_at_most": _significant(chance_within(MOST_TIMES_TARGET * status.target_fmr))
        or None,
    }


def _promise(target_fmr: float) -> str:
    """What a door's target rate is worth, all comparisons of a transaction together."""
    far = MOST_TIMES_TARGET * target_fmr
    return (
        f"target FMR {_power(target_fmr)}; a stranger with a stolen badge gets in with at most {_power(far)} in a "
        f"transaction, {chance_within(far):.2%} in {TRIES}"
    )


def _power(rate: float) -> str:
    """As people write a small rate: 1.2e-4."""
    return f"{rate:.1e}".replace("e-0", "e-")


def _significant(rate: float) -> float:
    """To three digits."""
    return float(f"{rate:.3g}")


def duration(seconds: float) -> str:
    """A time in the units that people use."""
    whole = max(0, round(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def refusal(status: DoorStatus, command: DoorCommand) -> str:
    """Why a door has not carried out an operator's command; "" if it has."""
    if obeys(status, command):
        return ""
    if command is DoorCommand.SECURE and status.state is DoorState.EVACUATION:
        return f"Door {status.door} stays released: it is evacuated until `lintel door clear`."
    why = _BECAUSE.get(status.state, f"it is {status.state}; `lintel door status` shows its wires")
    return f"Door {status.door} didn't carry out {command}: {why}."


def obeys(status: DoorStatus, command: DoorCommand) -> bool:
    """Whether a door has carried out an operator's command."""
    match command:
        case DoorCommand.RELEASE:
            return status.outputs.released
        case DoorCommand.SECURE:
            return not status.outputs.released and status.state is not DoorState.FAULT
        case DoorCommand.LOCKDOWN:  # it holds beneath a fault too, and shows once that is fixed
            return status.state in (DoorState.LOCKDOWN, DoorState.FAULT)
        case DoorCommand.EVACUATE:
            return status.state is DoorState.EVACUATION
        case DoorCommand.CLEAR:
            return status.state in _AFTER_CLEAR
        case _:
            assert_never(command)
