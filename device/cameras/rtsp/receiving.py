"""The door's end of a relay's socket: a `Source` like a device, which trusts the relay as little as it can.

Security: the relay reads from a network, so an attacker who takes it over decides what the camera shows, as at any
camera's cable, and no more: it can't make a frame younger than its arrival, the door wait, or its memory grow.
"""

import errno
import os
import pwd
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from device.cameras.freshness import OLD_S
from device.cameras.rtsp.wire import HEAD, NS, FrameHead, Trouble, TroubleHead, WireError, parsed
from device.cameras.source import Raw
from device.cameras.turning import turned
from device.errors import CameraError
from device.ports import Clock
from device.records import Image
from device.settings.cameras import RELAY_SOCKET, RELAY_USER, relay_dir, relay_unit
from device.settings.tables import CameraSettings

SILENT_S = 1.0
"""A relay that has said nothing for this long hangs."""
FRAME_S = 0.5
"""How long a frame may take from its head to its last byte: what comes later is too old to be evidence."""
LATE_S = 1.0
"""Old frames are left out for this long before they are a trouble."""
ROUNDED_S = 0.001
"""How far a time stamp may be after its arrival: both are of one clock, which is rounded."""
MOST_FPS = 60.0
"""Frames are not taken faster, so that a relay that floods costs the door no more than a quick camera does."""
WHY = {
    Trouble.CONNECTING: "isn't connected to its camera yet",
    Trouble.UNREACHABLE: "can't reach its camera",
    Trouble.UNKNOWN_HOST: "can't find the host name in its camera's address",
    Trouble.REFUSED: "was refused by its camera: the user name or the password is wrong",
    Trouble.NO_STREAM: "found its camera, which has no stream at the path in its address",
    Trouble.UNUSABLE: "found nothing at its camera's address that it can show",
    Trouble.ENDED: "gets no more pictures from its camera",
    Trouble.LATE: "gets its camera's pictures too late",
}
"""The rest of a sentence about a relay."""


class RelayedSource:
    """`Source` of frames that come over a socket, each with the latest time at which it can have been captured."""

    rate_fps = 0.0
    buffers = 1.0

    def __init__(self, connection: socket.socket, settings: CameraSettings, clock: Clock) -> None:
        """Waits for the first message. Raises `CameraError` if that is a trouble, or does not come within a second."""
        self._connection = connection
        self._unit = relay_unit(settings.source)
        self._most = settings.width, settings.height
        self._rotate: Literal[0, 90, 180, 270] = settings.rotate
        self._clock = clock
        self._number = self._captured_ns = -1
        self._next_at = clock.monotonic()
        self._first: FrameHead | None = self._next_head()

    def take(self) -> Raw:
        """The next fresh frame, I420 uint8 [height x 3 / 2, width]. Raises `CameraError` if there will be none."""
        deadline = self._clock.monotonic() + LATE_S
        while True:
            self._clock.sleep(max(0.0, self._next_at - self._clock.monotonic()))
            head, self._first = self._first or self._next_head(), None
            data = np.frombuffer(self._received(head.size, FRAME_S), np.uint8)
            now = self._clock.monotonic()
            self._next_at = now + 1 / MOST_FPS
            if now - head.captured_ns / NS <= OLD_S:
                return Raw(data.reshape(head.height * 3 // 2, head.width), head.captured_ns * 1000 / NS)
            if now >= deadline:
                raise self._fault(f"passes on pictures that are older than {OLD_S:g} s")

    def decoded(self, raw: Raw) -> Image | None:
        """As `Source`."""
        return turned(np.asarray(cv2.cvtColor(raw.data, cv2.COLOR_YUV2RGB_I420), np.uint8), self._rotate)

    def interrupt(self) -> None:
        """As `Source`."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def _next_head(self) -> FrameHead:
        """Raises `CameraError`, also for a trouble that is reported."""
        try:
            head = parsed(self._received(HEAD.size, SILENT_S), *self._most)
        except WireError as error:
            raise self._fault(f"can't be used: {error}") from None
        if head.number <= self._number:
            raise self._fault("can't be used: it repeats its messages")
        self._number = head.number
        if isinstance(head, TroubleHead):
            raise self._fault(WHY[head.trouble])
        if head.captured_ns / NS > self._clock.monotonic() + ROUNDED_S:
            raise self._fault("can't be used: its frames are stamped with a time that has not come yet")
        if head.captured_ns <= self._captured_ns:
            raise self._fault("can't be used: its time stamps go back")
        self._captured_ns = head.captured_ns
        return head

    def _received(self, size: int, within_s: float) -> bytearray:
        """Exactly so many bytes. Raises `CameraError` if they don't come in time."""
        received, deadline = bytearray(size), self._clock.monotonic() + within_s
        view = memoryview(received)
        while view:
            left = deadline - self._clock.monotonic()
            count = self._received_into(view, left) if left > 0 else None
            if count is None:
                raise self._fault(f"has sent nothing whole for {within_s:g} s: it hangs")
            if count == 0:
                raise self._fault("has ended")
            view = view[count:]
        return received

    def _received_into(self, view: memoryview, within_s: float) -> int | None:
        """How many bytes came; None if none did in time, 0 if none will."""
        self._connection.settimeout(within_s)
        try:
            return self._connection.recv_into(view)
        except TimeoutError:
            return None
        except OSError:
            return 0

    def _fault(self, why: str) -> CameraError:
        return CameraError(f"{self._unit} {why}.", hint=f"`journalctl --unit {self._unit}` says more.")


def open_relayed(settings: CameraSettings, clock: Clock) -> RelayedSource:
    """Connects to the relay that `source` names, once it is sure whose it is. Raises `CameraError`."""
    path, unit = look_for_relay(settings.source), relay_unit(settings.source)
    connection = socket.socket(socket.AF_UNIX)
    try:
        _connect(connection, path, unit)
        refuse_stranger(_uid_of(connection), unit)
        return RelayedSource(connection, settings, clock)
    except BaseException:
        connection.close()
        raise


def look_for_relay(source: str) -> Path:
    """A relay's socket, which is not connected to. Raises `CameraError` if it isn't there, or not safely."""
    folder, unit = relay_dir(source), relay_unit(source)
    path = folder / RELAY_SOCKET
    try:
        status = folder.lstat()
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except PermissionError:
        raise _forbidden(path, unit) from None
    except OSError:
        raise _not_running(unit) from None
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or not is_socket:
        raise CameraError(
            f"{unit} can't be trusted: others may write to {folder}, or what is in it is not a relay's socket.",
            hint=f"Stop {unit}, remove {folder}, and start it: the unit makes the folder.",
        )
    refuse_stranger(status.st_uid, unit)
    return path


def refuse_stranger(uid: int, unit: str) -> None:
    """Raises `CameraError` unless a socket's user is that of the relays, this process's, or root."""
    if uid not in (_relay_uid(), os.geteuid(), 0):
        raise CameraError(
            f"{unit} can't be trusted: its socket belongs to the user {uid}, expected {RELAY_USER}.",
            hint=f"End the program that listens there, and restart {unit}.",
        )


def _relay_uid() -> int | None:
    try:
        return pwd.getpwnam(RELAY_USER).pw_uid
    except KeyError:
        return None


def _connect(connection: socket.socket, path: Path, unit: str) -> None:
    """Without waiting for a relay that doesn't accept: then its queue is full."""
    connection.setblocking(False)
    number = connection.connect_ex(os.fspath(path))
    if number in (errno.ENOENT, errno.ECONNREFUSED):
        raise _not_running(unit)
    if number in (errno.EACCES, errno.EPERM):
        raise _forbidden(path, unit)
    if number != 0:
        raise CameraError(f"{unit} accepts no connection: it hangs.", hint=f"`systemctl restart {unit}` ends that.")


def _uid_of(connection: socket.socket) -> int:
    """The user whose process listens, as the kernel says (SO_PEERCRED)."""
    size = struct.calcsize("3i")
    return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[1])


def _not_running(unit: str) -> CameraError:
    return CameraError(f"{unit} isn't running.", hint=f"Start it: `sudo systemctl enable --now {unit}`.")


def _forbidden(path: Path, unit: str) -> CameraError:
    return CameraError(
        f"{unit} can't be reached: this user may not use {path}.",
        hint=f"Put the user into the group {RELAY_USER}, as `systemd-sysusers` does, and restart lintel.",
    )
