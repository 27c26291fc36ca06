"""A bar on the terminal while many rows of the audit are read."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(last: int, label: str) -> Iterator[Callable[[int], None]]:
    """Takes the number of the last row that was read, of `last`. Draws nothing unless standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _row: None
        return
    with click.progressbar(length=last, label=label, file=sys.stderr) as shown:
        yield lambda row: shown.update(max(0, min(row, last) - shown.pos))
