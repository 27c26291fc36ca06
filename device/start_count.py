"""Backs off after crashes, with the doors driven: what is loaded next may be what ended the process the last times."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from device.files import write_whole

FILE_NAME = "starts"
WORKS_S = 60.0
"""A service that has run for this long has not crashed at what it loads."""
PAUSES_S = (0.0, 0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""How long the start after this many crashes in a row waits, doors driven, before it goes on; the last one repeats."""


class StartCount:
    """Counts the starts since the service last worked, in the folder that outlasts a crash but not a stop."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is None where Lintel is run by hand."""
        self._path = folder and folder / FILE_NAME

    def begin(self) -> float:
        """Counts this start; how long to wait before anything else is loaded, in seconds."""
        if self._path is None:
            return 0.0
        crashes = 0
        with suppress(OSError, ValueError):
            crashes = max(0, int(self._path.read_text(encoding="ascii")))
        with suppress(OSError):
            write_whole(self._path, f"{crashes + 1}\n".encode(), durable=False)
        return PAUSES_S[min(crashes, len(PAUSES_S) - 1)]

    @contextmanager
    def forgotten_when_it_works(self) -> Iterator[None]:
        """Forgets the starts once the block has run for `WORKS_S`, or when it ends in order."""
        timer = threading.Timer(WORKS_S, self.works)
        timer.daemon, timer.name = True, "works"
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        self.works()

    def works(self) -> None:
        """The service has worked for a while, or was stopped in order: the next start is the first again."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
