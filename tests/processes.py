"""Other processes in tests."""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import IO, Any


@contextlib.contextmanager
def started(command: list[Any], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes of text. It is killed if it still runs at the end: no failed test waits for it."""
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def output_of(process: subprocess.Popen[str]) -> IO[str]:
    """What it prints, where this is a pipe."""
    assert process.stdout is not None
    return process.stdout


def errors_of(process: subprocess.Popen[str]) -> IO[str]:
    """What it prints to standard error, where this is a pipe."""
    assert process.stderr is not None
    return process.stderr


def input_of(process: subprocess.Popen[str]) -> IO[str]:
    """What it reads, where this is a pipe."""
    assert process.stdin is not None
    return process.stdin
