"""A channel between an operator's program and a command that the service started: packets with descriptors."""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from device.control.command_messages import MOST_FILES, MOST_PACKET, Packet


class ChannelError(OSError):
    """The other end has gone, or says what is not understood."""


class Channel:
    """One end. Each packet is whole or not there (SOCK_SEQPACKET)."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, packet: Packet, descriptors: Sequence[int] = ()) -> None:
        """Waits for room. Raises `OSError`."""
        socket.send_fds(self.connection, [msgspec.json.encode(packet)], descriptors)

    def receive(self) -> tuple[Packet, tuple[int, ...]]:
        """The next packet, and descriptors that belong to the caller. Raises `OSError`."""
        close_later = socket.MSG_CMSG_CLOEXEC
        content, descriptors, flags, _ = socket.recv_fds(self.connection, MOST_PACKET, MOST_FILES, close_later)
        try:
            if not content or flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
                raise ChannelError("the other end has gone")
            return msgspec.json.decode(content, type=Packet), tuple(descriptors)
        except (msgspec.DecodeError, UnicodeDecodeError, ChannelError) as error:
            close_all(descriptors)
            raise ChannelError(str(error)) from None

    def close(self) -> None:
        """Hangs up; harmless when repeated."""
        self.connection.close()


def pair() -> tuple[Channel, Channel]:
    """Both ends of a new one."""
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(one), Channel(two)


def at(descriptor: int) -> Channel:
    """The end that a process was started with. Raises `OSError` for what is no such channel."""
    return Channel(socket.socket(fileno=descriptor))


def close_all(descriptors: Sequence[int]) -> None:
    """Closes them; one that is closed already matters to no one."""
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)
