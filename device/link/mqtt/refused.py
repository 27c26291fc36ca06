"""What a broker refuses although it takes the rest: tried again a few times, then left out, so that one topic that its
access list lacks holds up no alarm behind it.
"""

from collections.abc import Callable, Sequence

from device.link.mqtt.connection import PublicationRefused
from device.link.mqtt.payloads import Message

TRIES = 5
"""How often a message is published that the broker refuses."""
REFUSED_S = 3600.0
"""For how long one is tried if nothing else was taken since the last that was left out, seconds: it may refuse all."""


class Refusals:
    """The page of messages that is under way: what of it was taken, and how often the rest was refused."""

    def __init__(self, report: Callable[[str], None]) -> None:
        """`report` takes a line for the journal."""
        self._report = report
        self._taken: set[Message] = set()
        self._times = 0
        self._since_s = 0.0
        self._was_left_out = False

    def rest_of(self, messages: Sequence[Message]) -> list[Message]:
        """Those that the broker has not taken yet."""
        return [message for message in messages if message not in self._taken]

    def done(self) -> None:
        """All were taken."""
        self._forget()
        self._was_left_out = False

    def refused(self, rest: Sequence[Message], error: PublicationRefused, now_s: float) -> None:
        """Some of the rest were refused, at that time on the monotonic clock. Raises the error while they are to be
        tried again; returns once they are left out.
        """
        self._taken |= set(rest) - set(error.messages)
        self._since_s = self._since_s if self._times else now_s
        self._times += 1
        others_pass = bool(self._taken) or not self._was_left_out
        if self._times < TRIES or not (others_pass or now_s - self._since_s >= REFUSED_S):
            raise error
        topics = ", ".join(sorted({message.topic for message in error.messages}))
        self._report(f"mqtt: {len(error.messages)} left out on {topics}. {error.message} {error.hint}")
        self._was_left_out = not self._taken
        self._forget()

    def _forget(self) -> None:
        self._taken, self._times = set(), 0
