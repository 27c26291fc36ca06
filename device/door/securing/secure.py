"""Secures relays and switches outputs off without loading anything else, gpiozero included.

A door whose process was killed stays released until this has run, so every import costs: gpiozero's are a third of all.
"""

from collections.abc import Collection, Iterable

from device.door.securing.driven import DrivenOutput
from device.door.wires.chip import Chip, level_of, lgpio_of_board, open_chip, relay_use
from device.door.wires.pin_errors import all_of, collected, named
from device.errors import DoorError
from device.settings.lock import LockSettings

BUSY = "busy"
"""What lgpio says of a line that another program has (EBUSY)."""


def output_use(output: DrivenOutput) -> str:
    """The pin and what it is for."""
    return f"GPIO {output.pin}, output {output.signal} of door {output.door}"


def secure_all(
    relays: Iterable[LockSettings],
    outputs: Iterable[DrivenOutput] = (),
    *,
    chip: str | Chip = "",
    evacuated: Collection[str] = (),
    given_up: Collection[int] = (),
) -> frozenset[int]:
    """Secures each relay, then switches each output off, also if another cannot be, and leaves their pins driven.

    The relays of `evacuated` doors, by their names, are released instead. Of pins that are `given_up`, those that
    another program has by now are left alone, and returned.

    The level comes with the direction, in one request to the kernel. Raises `DoorError` for all that failed.
    """
    lines = [
        *((relay_use(one), one.pin, level_of(one, released=one.name in evacuated)) for one in relays),
        *((output_use(one), one.pin, not one.active_high) for one in outputs),
    ]
    lgpio, errors, left = lgpio_of_board(), list[DoorError](), set[int]()
    handle = open_chip(lgpio, chip).handle
    for use, pin, level in lines:
        with collected(errors), named(f"take {use}"):
            try:
                lgpio.gpio_claim_output(handle, pin, int(level))
            except lgpio.error as error:
                if pin not in given_up or BUSY not in str(error):
                    raise
                left.add(pin)
    if errors:
        raise all_of(errors)
    return frozenset(left)
