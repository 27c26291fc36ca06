"""Which pin and channel is for what: two wires on one are refused when settings are loaded."""

from collections.abc import Iterator
from typing import NamedTuple

from device.settings import places
from device.settings.tables import Settings

SPI_PINS = range(7, 12)
"""What `dtparam=spi=on` takes for itself: CE1, CE0, MISO, MOSI, SCLK."""


class UsedPin(NamedTuple):
    """A GPIO number, what it is for, and where the settings say so."""

    pin: int
    use: str
    place: str


def used_pins(settings: Settings) -> Iterator[UsedPin]:
    """Every GPIO that the settings name."""
    for place, door in places.doors(settings):
        yield UsedPin(door.pin, f"the relay of door {door.name}", f"{place}.pin")
    for place, door, sensed in places.inputs(settings):
        if sensed.pin is not None:
            yield UsedPin(sensed.pin, f"input {sensed.signal} of door {door.name}", f"{place}.pin")
    supervised = [place for place, _, sensed in places.inputs(settings) if sensed.channel is not None]
    for place in supervised[:1]:
        yield from (UsedPin(pin, "the SPI bus of supervised inputs", f"{place}.channel") for pin in SPI_PINS)
    for place, door, driven in places.outputs(settings):
        yield UsedPin(driven.pin, f"output {driven.signal} of door {door.name}", f"{place}.pin")
    for place, _, reader in places.readers(settings):
        for name in ("data0_pin", "data1_pin", "led_pin", "buzzer_pin"):
            if (pin := getattr(reader, name)) is not None:
                yield UsedPin(pin, f"{name} of reader {reader.name}", f"{place}.{name}")


def refuse_shared_pins(settings: Settings) -> None:
    """Raises `ValueError` that names both wires on one pin or channel."""
    pins = ((f"GPIO {pin}", use, place) for pin, use, place in used_pins(settings))
    channels = (
        (f"channel {sensed.channel}", f"input {sensed.signal} of door {door.name}", f"{place}.channel")
        for place, door, sensed in places.inputs(settings)
        if sensed.channel is not None
    )
    taken: dict[str, str] = {}
    for wire, use, place in (*pins, *channels):
        if wire in taken:
            raise ValueError(f"{wire} is used twice, by {taken[wire]} and by {use} (`{place}`)")
        taken[wire] = f"{use} (`{place}`)"
