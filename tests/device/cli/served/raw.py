"""A client that does not keep to what `lintel` does: it sends what it likes to a command."""

import json
import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from device.control.channel import Channel, pair
from device.control.client import Client
from device.control.command_messages import Administer, Administered, Admitted, Begin, Ended, Files, Go, Words
from tests.device.cli.served.house import House

Sent = Callable[[Channel], None]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended that such a client began."""

    code: int | None
    out: str


def begin(channel: Channel, out: int, *arguments: str, folder: bytes = b"/home/ada") -> None:
    """The first two packets."""
    null = os.open(os.devnull, os.O_RDONLY)
    channel.send(Begin(folder, ("utf-8",) * 3, has_terminal=False), (null, out, out))
    os.close(null)
    channel.send(Words(tuple(map(os.fsencode, arguments))))


def called(house: House, command: str, *arguments: str, files: Sequence[tuple[str, int]] = ()) -> Said:
    """A whole call."""

    def send(channel: Channel, out: int) -> None:
        begin(channel, out, *arguments)
        if files:
            channel.send(Files(tuple(os.fsencode(name) for name, _ in files)), [one for _, one in files])
        channel.send(Go())

    return spoken(house, command, send)


def spoken(house: House, command: str, send: Callable[[Channel, int], None]) -> Said:
    """A call with whatever packets."""
    near, far = pair()
    code = None
    with tempfile.TemporaryFile() as out:

        def sends(part: object) -> int | None:
            return far.connection.fileno() if isinstance(part, Admitted) else None

        request = Administer(command=command, folder=str(house.state))
        for part in Client(house.socket).stream(request, Administered, silence_s=60.0, sends=sends):  # type: ignore[arg-type]
            if isinstance(part, Admitted):
                far.close()
                send(near, out.fileno())
            if isinstance(part, Ended):
                code = part.code
        near.close()
        out.seek(0)
        return Said(code, out.read().decode())


def admitted(house: House, command: str) -> socket.socket:
    """A connection whose command is admitted and gets nothing."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60.0)
    connection.connect(str(house.socket))
    request = {"v": 1, "verb": "administer", "command": command, "folder": str(house.state)}
    connection.sendall(json.dumps(request).encode() + b"\n")
    assert b"admitted" in connection.recv(4096)
    return connection
