"""Words for which parts of the doors are there."""

from collections.abc import Iterable, Iterator

from device.probing import Found


def found_lines(found: Iterable[Found]) -> Iterator[str]:
    """A line for each part; of one in trouble its sentence as in `lintel door status`, and a line with what to do."""
    for one in found:
        yield f"{one.part}: {one.trouble or one.name}"
        if one.trouble:
            yield f"  What to do: {one.hint}"
