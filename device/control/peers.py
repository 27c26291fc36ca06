"""The kernel's word on who has connected: user, groups and login, none of which a program can choose by what it sends.

SO_PEERCRED and SO_PEERGROUPS are those of the moment of the connection (unix(7)). The login is read from
/proc/PID/loginuid: the kernel sets it at a login and keeps it through `su` and `sudo`. It names who is behind root, and
never gives a role: a process without a login may choose its own, and a number of a process may be used again.
"""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from device.line_server import Peer

SO_PEERGROUPS = 59
"""Of asm-generic/socket.h; Python has no name for it."""
MOST_BYTES = 1024
"""That Python takes of a socket's option: 256 groups."""
NO_LOGIN = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the kernel says of a peer."""

    uid: int
    groups: frozenset[int] = frozenset()
    login_uid: int | None = None


def credentials_of(peer: Peer) -> Credentials | None:
    """Who has connected; None if the connection is gone. Waits for nothing."""
    size = struct.calcsize("3i")
    try:
        said = peer.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    except OSError:
        return None
    process, uid, gid = (int(number) for number in struct.unpack("iII", said))
    return Credentials(uid, frozenset({gid, *_groups(peer.connection)}), login_uid(process))


def login_uid(process: int | str) -> int | None:
    """Who logged in, of a process by its number or `self`; None without a login, or if it can't be known."""
    with suppress(OSError, ValueError), Path(f"/proc/{process}/loginuid").open(encoding="ascii") as file:
        number = int(file.read(16))
        return None if number == NO_LOGIN else number
    return None


def _groups(connection: socket.socket) -> tuple[int, ...]:
    """Supplementary groups; none for a member of too many."""
    with suppress(OSError):
        said = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, MOST_BYTES)
        return struct.unpack(f"{len(said) // 4}I", said)
    return ()
