"""How a long job reports its progress: line by line, or as a bar."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[[str], None]


def silent(_line: str) -> None:
    """Reports nothing."""


@contextmanager
def bar(label: str, length: int) -> Iterator[Callable[[], object]]:
    """A progress bar on standard error; call what it gives after each of `length` steps."""
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:
        yield lambda: shown.update(1)
