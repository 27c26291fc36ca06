"""Which names of layers and tensors differ, though Keras renumbers layers that were not given a name.

A layer without a name gets its class's with a number, `conv2d_3`, which counts the layers made before it in the
session. From one session to the next the numbers differ; their order within a class does not.
"""

import re
from collections.abc import Mapping

from convert.weights.keras_files.config import LAYERS

KEPT_NAMES = {"depthwise_kernel": "kernel"}
"""What Keras 2 called a weight, and what Keras 3 calls it."""

_CLASSES = frozenset(name.lower() for name in (*LAYERS, "Functional", "Model", "Sequential"))
_NUMBERED = re.compile(r"(?P<stem>.*?)(?:_(?P<number>\d{1,9}))?")


def other_names(expected: Mapping[str, str], received: Mapping[str, str]) -> list[str]:
    """The places whose name in `received` is another than in `expected`, which has the same places.

    Two names that Keras made of the same class are the same if as many of its layers were made before.
    """
    made_here, made_there = _ranks(expected), _ranks(received)
    return [
        place
        for place, name in expected.items()
        if received[place] != name and (place not in made_here or made_here[place] != made_there.get(place))
    ]


def is_same_tensor(expected: str, received: str) -> bool:
    """Whether a layer's weight is the one that an older file calls `received`."""
    return expected in (received, KEPT_NAMES.get(received))


def _ranks(names: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Of every place whose name Keras made: the class, and how many layers of that class were made before."""
    made = {place: split for place, name in names.items() if (split := _split(name))}
    numbers = {stem: sorted({number for other, number in made.values() if other == stem}) for stem, _ in made.values()}
    return {place: (stem, numbers[stem].index(number)) for place, (stem, number) in made.items()}


def _split(name: str) -> tuple[str, int] | None:
    """A name that Keras made, as its class's name and its number; `None` for one that was chosen."""
    match = _NUMBERED.fullmatch(name)
    if match is None or match["stem"].replace("_", "") not in _CLASSES:
        return None
    return match["stem"], int(match["number"] or 0)
