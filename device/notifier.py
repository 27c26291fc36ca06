"""What a process says to the service manager that started it (sd_notify(3)); without one, nothing."""

import os
import socket
import time
from contextlib import suppress

MOST_STATUS = 900
"""Longest status, characters."""


class Notifier:
    """Tells systemd how the process is (sd_notify(3)); without systemd it does nothing."""

    def __init__(self, address: str | None) -> None:
        """`address` is NOTIFY_SOCKET, a path or an abstract name that begins with @."""
        self.is_reloading = False
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)

    @classmethod
    def of_environment(cls) -> "Notifier":
        """The notifier of the service manager that started this process."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """The door is in operation."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows, on one line."""
        self._send(f"STATUS={' '.join(text.split())[:MOST_STATUS]}")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """The process begins again with new settings, and says READY=1 then (systemd.service(5), notify-reload)."""
        self.is_reloading = True
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def hung(self) -> None:
        """The watchdog acts now, instead of after its time."""
        self._send("WATCHDOG=trigger")

    def stopping(self) -> None:
        """The process is on its way out, unless it only begins again."""
        if not self.is_reloading:
            self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        """A service manager that does not listen must not stop the door."""
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
                datagram.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)
