"""A bar on the terminal while an operator's photos are looked at closely, which takes seconds for a large one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from device.ports import Clock

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

SHOWN_AFTER_S = 2.0
"""What takes less long shows no bar."""
_STEPS = 100


class PhotoProgress:
    """How far the work on `count` photos is. Draws nothing unless standard error is a terminal."""

    def __init__(self, count: int, clock: Clock) -> None:
        self._count = count
        self._clock = clock
        self._begun_at = clock.monotonic()
        self._begun = 0
        self._bar: ProgressBar[int] | None = None

    def next_photo(self) -> None:
        """A photo begins; what was before it is done."""
        self._begun += 1
        self.shown(0.0)

    def shown(self, share: float) -> None:
        """That share of the present photo is done, 0..1."""
        is_long = self._clock.monotonic() - self._begun_at >= SHOWN_AFTER_S
        if self._bar is None and is_long and sys.stderr.isatty():
            self._bar = click.progressbar(length=_STEPS * self._count, label="Looking for faces", file=sys.stderr)
            self._bar.__enter__()
        if self._bar is not None:
            self._bar.update(round(_STEPS * (self._begun - 1 + share)) - self._bar.pos)

    def close(self) -> None:
        """The work is done, or has failed."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


@contextmanager
def photo_progress(count: int, clock: Clock) -> Iterator[PhotoProgress]:
    """The same, closed at the end."""
    progress = PhotoProgress(count, clock)
    try:
        yield progress
    finally:
        progress.close()
