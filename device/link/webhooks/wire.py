"""`Wire` of one webhook: an event a request, in order, until the far side has it.

What an answer means: 2xx, it has the event. 410, it wants no more: nothing is sent until the link starts again, and
the cursor stays. A refusal of one event (400, 409, 413, 415, 422 and the like) is tried a few times; then that event is
left out and reported, so that one event can't hold up the house. All else holds the line: a wrong address or token
(401, 403, 404, 405, 407), a redirect, 408, 429, 5xx, silence. The audit keeps what waits, whatever that lasts.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from urllib.parse import quote

from device.errors import LinkError
from device.link.chosen import chosen
from device.link.events import LinkEvent
from device.link.plain_words import plain
from device.link.webhooks.address import Address
from device.link.webhooks.bodies import TEMPLATES, TEST, Body, Template, encoded
from device.link.webhooks.posting import Answered, Poster
from device.link.webhooks.signing import signature
from device.records import DoorStatus
from device.terminal import say

TRIES = 5
"""How often an event that is refused is sent, if the far side takes others."""
REFUSED_S = 3600.0
"""For how long the next one is tried, seconds: who refuses one after the other may refuse all, by mistake."""
MOST_S = 45.0
"""For how long one `deliver` goes on, seconds."""
_WRONG_ADDRESS = frozenset({401, 403, 404, 405, 407})
_LATER = frozenset({408, 421, 423, 425, 429})
_GONE = 410
_HINTS = {
    401: "Check `token`.",
    403: "Check `token`, or make a new webhook at the receiver.",
    404: "Check `url`: there is nothing at this path.",
    405: "Check `url` and `template`: this path takes no such request.",
    407: "Check the proxy before the receiver.",
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook, as its settings have it."""

    name: str
    address: Address
    template: Template = "lintel"
    keys: tuple[bytes, ...] = ()
    token: str = ""
    words: frozenset[str] = frozenset()
    """Which events are wanted; empty: all."""
    version: str = ""

    @property
    def method(self) -> str:
        """PUT where a number of the request lets the far side recognize one that comes twice."""
        return "PUT" if self.template == "matrix" else "POST"

    def path(self, uid: str) -> str:
        """Where an event goes."""
        path, mark, query = self.address.path.partition("?")
        match self.template:
            case "matrix":
                return f"{path.rstrip('/')}/{quote(uid, safe='')}{mark}{query}"
            case "ntfy":
                return f"/{mark}{query}"
        return self.address.path

    def body(self, event: LinkEvent) -> bytes:
        """What is said of an event."""
        said: Body = TEMPLATES[self.template](event)
        if self.template == "ntfy":
            said = {"topic": self.address.path.partition("?")[0].rstrip("/").rpartition("/")[2], **said}
        return encoded(said)

    def headers(self, uid: str, timestamp: int, body: bytes) -> dict[str, str]:
        """Those of the specification, and the token."""
        said = {"content-type": "application/json", "user-agent": f"Lintel/{self.version}".rstrip("/")}
        said |= {"webhook-id": uid, "webhook-timestamp": str(timestamp)}
        if self.keys:
            said["webhook-signature"] = signature(self.keys, uid, timestamp, body)
        return said | ({"authorization": f"Bearer {self.token}"} if self.token else {})


@dataclass(slots=True)
class _Refused:
    """The event that was refused last."""

    uid: str = ""
    times: int = 0
    since: float = 0.0


class WebhookWire:
    """One thread uses it."""

    def __init__(
        self,
        webhook: Webhook,
        poster: Poster,
        *,
        report: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`report` takes a line for the journal; `now` is in seconds since 1970, `monotonic` never goes back."""
        self.name = f"webhook-{webhook.name}"
        self._webhook = webhook
        self._poster = poster
        self._report = report or partial(say, err=True)
        self._now = now
        self._monotonic = monotonic
        self._has: set[str] = set()
        """What the far side has of the events that `deliver` was given last."""
        self._refused = _Refused()
        self._left_out_last = False
        self._is_gone = False
        self._not_before = 0.0

    def open(self) -> None:
        """Raises `LinkError` while the far side wants nothing. The connection is made with the first request."""
        self._refuse_now()

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        """Sends one after the other; those of a failed try that arrived are not sent again. Raises `LinkError`."""
        began = self._monotonic()
        for event in events:
            if event.uid in self._has:
                continue
            if self._monotonic() - began > MOST_S:
                raise LinkError(f"{self._where} is slow; the rest comes later.", hint="Check the receiver.")
            seen = chosen(event, self._webhook.words)
            if seen is not None:
                self._refuse_now()
                self._send(seen)
            self._has.add(event.uid)
        self._has.clear()

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        """A webhook has events alone."""

    def close(self) -> None:
        """Closes the connection, if there is one."""
        self._poster.close()

    def check(self) -> str:
        """Sends a test event, whichever events are wanted. Raises `LinkError`."""
        at = datetime.fromtimestamp(self._now(), UTC)
        event = LinkEvent(id=0, uid=f"test-{token_hex(8)}", at=at, kind=TEST, detail=_TEST_WORDS)
        try:
            answered = self._post(event)
        finally:
            self.close()
        if not _has_it(answered):
            raise self._objection(answered)
        signed = {0: "not signed", 1: "signed"}.get(len(self._webhook.keys), "signed with both secrets")
        return f"{self._where} took a test event ({answered.status}), {signed}."

    @property
    def _where(self) -> str:
        return self._webhook.address.words

    def _send(self, event: LinkEvent) -> None:
        answered = self._post(event)
        if _has_it(answered):
            self._refused, self._left_out_last = _Refused(), False
            return
        if answered.status == _GONE:
            self._is_gone = True
        elif answered.wait_s:
            self._not_before = self._monotonic() + answered.wait_s
        elif _is_about_this_event(answered) and self._is_enough(event):
            self._left_out_last, self._refused = True, _Refused()
            self._report(f"{self.name}: event {event.uid} was left out: {self._where} refuses it ({answered.status}).")
            return
        raise self._objection(answered)

    def _post(self, event: LinkEvent) -> Answered:
        body, timestamp = self._webhook.body(event), int(self._now())
        headers = self._webhook.headers(event.uid, timestamp, body)
        return self._poster.send(self._webhook.method, self._webhook.path(event.uid), body, headers)

    def _is_enough(self, event: LinkEvent) -> bool:
        """Whether an event was refused so often that it is left out."""
        now, last = self._monotonic(), self._refused
        if last.uid != event.uid:
            last = _Refused(event.uid, 0, now)
        self._refused = replace(last, times=last.times + 1)
        return self._refused.times >= TRIES and (not self._left_out_last or now - last.since >= REFUSED_S)

    def _refuse_now(self) -> None:
        if self._is_gone:
            raise self._objection(Answered(_GONE))
        wait_s = self._not_before - self._monotonic()
        if wait_s > 0:
            raise LinkError(f"{self._where} asks to wait {wait_s:.0f} s.", hint="Nothing is lost; it goes on then.")

    def _objection(self, answered: Answered) -> LinkError:
        status = answered.status
        if status == _GONE:
            hint = "Remove this webhook from the settings, or give it a new `url` and restart lintel-link."
            return LinkError(f"{self._where} wants no more events (410).", hint=hint)
        if 300 <= status < 400:
            hint = "Set `url` to where it leads: a redirect is not followed."
            return LinkError(f"{self._where} redirects to another address ({status}).", hint=hint)
        hint = _HINTS.get(status, "Look at the receiver's log." if status < 500 else "The receiver is in trouble.")
        return LinkError(f"{self._where} answered {status}, expected 2xx.", hint=plain(hint))


_TEST_WORDS = "A test by lintel link check; nothing has happened."


def _has_it(answered: Answered) -> bool:
    return 200 <= answered.status < 300


def _is_about_this_event(answered: Answered) -> bool:
    return 400 <= answered.status < 500 and answered.status not in _WRONG_ADDRESS | _LATER | {_GONE}
