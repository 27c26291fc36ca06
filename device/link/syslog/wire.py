"""`Wire` of a syslog receiver."""

from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_hex

from device.link.chosen import chosen
from device.link.events import LinkEvent
from device.link.syslog.format import Look, message
from device.link.syslog.line import MOST_DATAGRAM, DatagramLine, SyslogLine
from device.records import DoorStatus

NAME = "syslog"


class SyslogWire:
    """Sends each event as a message, in order."""

    name = NAME

    def __init__(self, line: SyslogLine, look: Look, words: frozenset[str] = frozenset()) -> None:
        """`words` say which events are wanted; empty: all."""
        self._line = line
        self._look = look
        self._words = words
        self._most = MOST_DATAGRAM if isinstance(line, DatagramLine) else 0

    def open(self) -> None:
        """Connects. Raises `LinkError`."""
        self._line.open()

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        """As `SyslogLine.send`: after a failure all of them come again. Raises `LinkError`."""
        seen = [one for event in events if (one := chosen(event, self._words)) is not None]
        if seen:
            self._line.send([message(one, self._look, self._most) for one in seen])

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        """Syslog has events alone."""

    def close(self) -> None:
        """Disconnects."""
        self._line.close()

    def check(self) -> str:
        """Sends a test message. Raises `LinkError`."""
        uid = f"test-{token_hex(8)}"
        test = LinkEvent(
            id=0,
            uid=uid,
            at=datetime.now(UTC),
            kind="test",
            detail="A test by lintel link check; nothing has happened.",
        )
        try:
            self._line.open()
            self._line.send([message(test, self._look, self._most)])
        finally:
            self._line.close()
        if isinstance(self._line, DatagramLine):
            return f"A test message was sent by UDP, which never says whether it arrives: look for {uid} there."
        return f"The receiver's system took a test message; look for {uid} there."
