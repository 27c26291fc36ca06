"""A Unix socket's file: made with its permissions, found again by what it is, and removed by its owner alone."""

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

WAITING = 128
"""How many connections the kernel keeps until they are accepted."""


class Listening:
    """A listening socket that isn't waited for, and its file."""

    def __init__(self, path: Path, connection: socket.socket) -> None:
        """Takes over a socket that listens at `path`."""
        self.path = path
        self.connection = connection
        self._identity = _identity(path)
        connection.setblocking(False)

    def is_in_place(self) -> bool:
        """Whether the file at the path is this socket's."""
        return _identity(self.path) == self._identity

    @property
    def is_closed(self) -> bool:
        """Whether it has stopped listening."""
        return self.connection.fileno() < 0

    def close(self) -> None:
        """Stops listening, and removes the file unless it is another's by now; harmless when repeated."""
        if self.is_closed:
            return
        self.connection.close()
        with contextlib.suppress(OSError):
            if self.is_in_place():
                self.path.unlink()


def listen_instead(path: Path, mode: int) -> Listening:
    """Listens in the place of whatever was at `path`; the file has its mode from its first moment on.

    Raises `OSError`.
    """
    unfinished = path.with_suffix(".new")
    connection = socket.socket(socket.AF_UNIX)
    try:
        unfinished.unlink(missing_ok=True)
        connection.bind(str(unfinished))
        unfinished.chmod(mode)
        connection.listen(WAITING)
        unfinished.replace(path)
    except OSError:
        connection.close()
        raise
    return Listening(path, connection)


def listen_alone(path: Path, mode: int, *, waiting: int = WAITING) -> Listening:
    """Listens at `path`; a socket that a killed process left there is replaced.

    Raises `OSError`: with ENOTSOCK if the file is something else, with EADDRINUSE if another program listens there.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.setblocking(False)
        _bind(connection, path)
        path.chmod(mode)  # before anything can connect: nothing listens yet
        connection.listen(waiting)
    except BaseException:
        connection.close()
        raise
    return Listening(path, connection)


def _bind(connection: socket.socket, path: Path) -> None:
    try:
        connection.bind(str(path))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _remove_what_a_dead_process_left(path)
        connection.bind(str(path))


def _remove_what_a_dead_process_left(path: Path) -> None:
    """Raises `OSError` if it is anything else."""
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise OSError(errno.ENOTSOCK, "it exists and is not a socket")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        if probe.connect_ex(os.fspath(path)) != errno.ECONNREFUSED:
            raise OSError(errno.EADDRINUSE, "another program listens there")
    path.unlink()


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Of the file at a path; None if there is none. An inode alone may soon be another file's."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns
