"""Secures relays and switches outputs off without loading anything else, gpiozero included.

A door whose process was killed stays released until this has run, so every import costs: gpiozero's are a third of all.
"""

from collections.abc import Collection, Iterable

from device.door.securing.driven import DrivenOutput
from device.door.wires.chip import Chip, level_of, lgpio_of_board, open_chip, relay_use
from device.door.wires.pin_errors import all_of, collected, named
from device.errors import DoorError
from device.settings.lock import LockSettings


def output_use(output: DrivenOutput) -> str:
    """The pin and what it is for."""
    return f"GPIO {output.pin}, output {output.signal} of door {output.door}"


def secure_all(
    relays: Iterable[LockSettings],
    outputs: Iterable[DrivenOutput] = (),
    *,
    chip: str | Chip = "",
    evacuated: Collection[str] = (),
) -> None:
    """Secures each relay, then switches each output off, also if another cannot be, and leaves their pins driven.

    The relays of `evacuated` doors, by their names, are released instead.

    The level comes with the direction, in one request to the kernel. Raises `DoorError` for all that failed.
    """
    lgpio, errors = lgpio_of_board(), list[DoorError]()
    handle = open_chip(lgpio, chip).handle
    for relay in relays:
        with collected(errors), named(f"take {relay_use(relay)}"):
            lgpio.gpio_claim_output(handle, relay.pin, int(level_of(relay, released=relay.name in evacuated)))
    for output in outputs:
        with collected(errors), named(f"take {output_use(output)}"):
            lgpio.gpio_claim_output(handle, output.pin, int(not output.active_high))
    if errors:
        raise all_of(errors)
