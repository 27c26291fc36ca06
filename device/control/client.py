"""How operators speak to the running service: a line each way on a Unix socket, a `Request` and a `Reply` in JSON."""

import socket
import time
from pathlib import Path

import msgspec

from device.errors import DoorError
from device.files import runtime_dir
from device.records import DoorCommand, DoorStatus

FILE_NAME = "control.sock"
MAX_REPLY = 1 << 20
ANSWER_S = 5.0
"""A service that has not answered for so long hangs."""
RETRY_S = 0.01


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command, or without one the question how a door is; without a door's name, for all doors."""

    command: DoorCommand | None = None
    door: str | None = None


class Reply(msgspec.Struct, frozen=True):
    """The doors as they are now; or what went wrong, and what to do."""

    doors: tuple[DoorStatus, ...] = ()
    error: str = ""
    hint: str = ""


def control_socket() -> Path | None:
    """Where the service listens; None where Lintel is run by hand and has no folder for it."""
    folder = runtime_dir()
    return None if folder is None else folder / FILE_NAME


def ask(
    path: Path, command: DoorCommand | None = None, door: str | None = None, *, timeout_s: float = ANSWER_S
) -> tuple[DoorStatus, ...] | None:
    """The doors, or the one that is named, after the command; None if no service listens.

    Raises `DoorError` if the service does not answer within `timeout_s`, refuses, or may not be spoken to.
    """
    try:
        reply = _asked(path, Request(command, door), time.monotonic() + timeout_s)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise DoorError(
            f"This user may not speak to the service at {path}.", hint="Use sudo, or join the service's group."
        ) from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DoorError(
            f"The service at {path} does not answer: {_words(error)}.",
            hint="It may hang: `sudo systemctl restart lintel` ends it, secures every door and starts it again.",
        ) from None
    if reply.error:
        raise DoorError(reply.error, hint=reply.hint)
    return reply.doors


def _asked(path: Path, request: Request, deadline: float) -> Reply:
    """Raises `OSError`, `msgspec.DecodeError`."""
    received = b""
    with socket.socket(socket.AF_UNIX) as connection:
        _connect(connection, path, deadline)
        connection.sendall(msgspec.json.encode(request) + b"\n")
        while not received.endswith(b"\n") and len(received) < MAX_REPLY:
            connection.settimeout(_left(deadline))
            more = connection.recv(65536)
            if not more:
                break
            received += more
    return msgspec.json.decode(received, type=Reply)


def _connect(connection: socket.socket, path: Path, deadline: float) -> None:
    """A service whose queue is full is not waited for by the kernel."""
    while True:
        connection.settimeout(_left(deadline))
        try:
            return connection.connect(str(path))
        except BlockingIOError:
            time.sleep(RETRY_S)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
