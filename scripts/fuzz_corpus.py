"""The inputs that are kept for each parser: tests/fuzz_corpus/PARSER.txt, one a line, in hexadecimal.

What follows a `#` is a remark. Above the mark are those that somebody has written down, below it those that were found.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "fuzz_corpus"
MARK = "# found by coverage (make fuzz-coverage)"
LONGEST = 300
"""Bytes of an input that is kept because it was found."""
MOST = 150
"""So many of them, the shortest ones."""


def kept_inputs(name: str) -> list[bytes]:
    """All inputs of a parser; none if it has no file yet."""
    return [bytes.fromhex(line) for line in (line.partition("#")[0].strip() for line in _lines(name)) if line]


def keep(name: str, found: Iterable[bytes]) -> None:
    """Replaces what was found before, and leaves what was written down."""
    written = list(_written(name))
    known = {line.partition("#")[0].strip() for line in written}
    short = sorted((data for data in found if 0 < len(data) <= LONGEST), key=lambda data: (len(data), data))[:MOST]
    lines = [*written, MARK, *(data.hex() for data in short if data.hex() not in known)]
    (FOLDER / f"{name}.txt").write_text("\n".join(lines) + "\n")


def _written(name: str) -> Iterator[str]:
    for line in _lines(name):
        if line == MARK:
            return
        yield line


def _lines(name: str) -> list[str]:
    path = FOLDER / f"{name}.txt"
    return path.read_text().splitlines() if path.exists() else []
