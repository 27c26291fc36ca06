"""Each table of the settings with its place in the file, for messages that name the place."""

from collections.abc import Iterator

from device.settings.tables import DoorSettings, InputSettings, OutputSettings, ReaderSettings, Settings


def doors(settings: Settings) -> Iterator[tuple[str, DoorSettings]]:
    """`doors[0]` and so on."""
    for number, door in enumerate(settings.doors):
        yield f"doors[{number}]", door


def readers(settings: Settings) -> Iterator[tuple[str, DoorSettings, ReaderSettings]]:
    """`doors[0].readers[0]` and so on, each with its door."""
    for place, door in doors(settings):
        for number, reader in enumerate(door.readers):
            yield f"{place}.readers[{number}]", door, reader


def inputs(settings: Settings) -> Iterator[tuple[str, DoorSettings, InputSettings]]:
    """`doors[0].inputs[0]` and so on, each with its door."""
    for place, door in doors(settings):
        for number, sensed in enumerate(door.inputs):
            yield f"{place}.inputs[{number}]", door, sensed


def outputs(settings: Settings) -> Iterator[tuple[str, DoorSettings, OutputSettings]]:
    """`doors[0].outputs[0]` and so on, each with its door."""
    for place, door in doors(settings):
        for number, driven in enumerate(door.outputs):
            yield f"{place}.outputs[{number}]", door, driven
