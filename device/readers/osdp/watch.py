"""Whether an OSDP reader is there: lost and found, and when to try again. Pure: time is an argument."""

from device.readers.osdp.frames import Answer, Command
from device.readers.osdp.panel import Peer
from device.readers.osdp.wire import Heard
from device.records import Notice

LOST_AFTER_S = 2.0
"""A reader whose secure channel was silent for longer is lost. A garbled reply costs 1 s until libosdp asks again, and
half a second for a new secure channel."""
DEAF_S = 0.3
"""Added for each other reader on the line: one that does not answer holds the line for 0.2 s."""
GLITCH_S = 0.3
FIRST_BACK_OFF_S = 2.0
MAX_BACK_OFF_S = 8.0
"""A handshake takes half a second; a reader that refuses it is asked again after 2, 4, 8, 8, ... seconds."""
_SILENT_S = 1.0
_STALLED_S = 0.5
"""After a longer gap between looks it is unknown whether a reader was silent meanwhile."""


class Watch:
    """One reader's presence. It counts as there while its secure channel is, and something is heard in it."""

    def __init__(self, now: float, patience_s: float = LOST_AFTER_S) -> None:
        self._patience_s = patience_s
        self._alive_at = self._looked_at = now
        self._lost = False
        self._failures = 0
        self._retry_at = now + FIRST_BACK_OFF_S

    @property
    def is_lost(self) -> bool:
        """Whether the last notice said so."""
        return self._lost

    def look(self, now: float, *, secure: bool, heard_at: float | None) -> Notice | None:
        """Whether it was lost or found just now; `heard_at` is when it last replied to anything."""
        if (stalled_s := now - self._looked_at) > _STALLED_S:
            self._alive_at += stalled_s
        self._looked_at = now
        if secure and heard_at is not None:
            self._alive_at = max(self._alive_at, heard_at)
        return self._turned(lost=now - self._alive_at > self._patience_s)

    def gone(self, now: float) -> Notice | None:
        """The line is gone, so it is lost at once."""
        self._alive_at = min(self._alive_at, now - self._patience_s)
        return self._turned(lost=True)

    def should_restart(self, now: float, *, online: bool) -> bool:
        """Whether to start over with it: soon after it went offline, then less and less often."""
        if online:
            self._failures, self._retry_at = 0, now + GLITCH_S
            return False
        if now < self._retry_at:
            return False
        self._retry_at = now + min(FIRST_BACK_OFF_S * 2**self._failures, MAX_BACK_OFF_S)
        self._failures = min(self._failures + 1, 8)
        return True

    def _turned(self, *, lost: bool) -> Notice | None:
        if lost == self._lost:
            return None
        self._lost = lost
        return Notice.LOST if lost else Notice.FOUND


def refusal(now: float, heard: Heard | None, peer: Peer) -> str:
    """Why there is no secure channel with a reader, by the last thing it said since the line was opened."""
    if heard is None:
        return "it does not answer"
    match (heard.command, heard.answer):
        case (Command.CHLNG, Answer.CCRYPT):
            return f"it has another key{'; a change of its key was cut short' if peer.in_doubt else ''}"
        case (Command.CHLNG | Command.SCRYPT, Answer.NAK):
            return "it refuses the secure channel with this key"
        case (Command.CAP, Answer.PDCAP):
            return "it offers no secure channel, and clear text is refused"
    return "its secure channel has ended" if now - heard.at < _SILENT_S else "it no longer answers"
