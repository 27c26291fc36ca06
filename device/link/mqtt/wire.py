"""The integration `mqtt`: events and states of all doors to a broker, and their announcement to Home Assistant."""

import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError

import msgspec

from device.errors import LinkError
from device.link.events import LinkEvent
from device.link.mqtt.broker import broker_of, refuse_contradictions
from device.link.mqtt.connection import Connection, PublicationRefused, Received
from device.link.mqtt.home_assistant import Discovery, More, nothing_more
from device.link.mqtt.payloads import Message, VersionPayload, messages_of, state_message
from device.link.mqtt.recent import Recent
from device.link.mqtt.refused import Refusals
from device.link.mqtt.topics import OFFLINE, ONLINE, Topics, is_name
from device.link.settings.mqtt import MqttSettings
from device.packages import installed_version
from device.records import DoorStatus
from device.terminal import say

READ_BACK_S = 10.0
_MOST_DOORS = 64 * 1024


class MqttWire:
    """A broker. Events wait for its acknowledgement; states are retained there, and come again after each `open`."""

    def __init__(self, settings: MqttSettings, more: More = nothing_more) -> None:
        """Connects to nothing and reads no secret; Home Assistant hears of `more` as well.

        Raises `ConfigError` for settings that do not fit together.
        """
        refuse_contradictions(settings)
        self._settings = settings
        self._topics = Topics(settings.site, settings.controller)
        self._running = _version()
        self._discovery = Discovery(self._topics, self._running, settings.discovery_prefix, more)
        self._connection: Connection | None = None
        self._recent = Recent()
        self._refusals = Refusals(say)
        self._lost_s: float | None = None
        self._shown: dict[str, DoorStatus] = {}
        self._listed: frozenset[str] = frozenset()
        self._newest = ""
        self._lock = threading.Lock()
        self._were: set[str] = set()
        self._is_wanted = False

    def open(self) -> None:
        """Connects, and says so where everyone can read it. Raises `LinkError`, `ConfigError`."""
        will = Message(self._topics.link, OFFLINE.encode(), retain=True)
        client_id = f"lintel-{self._settings.site}-{self._settings.controller}"
        self.close()
        again = self._recent.before(self._lost_s)
        connection = Connection(broker_of(self._settings), client_id, will=will, received=self._received)
        connection.open()
        self._connection = connection
        self._shown, self._listed, self._newest, self._is_wanted = {}, frozenset(), "", False
        wanted = [self._topics.doors] + [self._discovery.status] * self._settings.home_assistant
        connection.subscribe(*wanted)
        connection.publish([*self._versions(), Message(self._topics.link, ONLINE.encode(), retain=True)])
        with suppress(PublicationRefused):  # what is left out was reported when it was new
            connection.publish(self._messages(again))
        self._lost_s = None

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        """Publishes them, and returns once the broker has acknowledged all. Raises `LinkError`.

        What it refuses while it takes others is tried five times, and then left out with a line in the journal.
        """
        rest = self._refusals.rest_of(self._messages(events))
        try:
            self._opened().publish(rest)
        except PublicationRefused as error:
            self._refusals.refused(rest, error, time.monotonic())
        else:
            self._refusals.done()
        self._recent.note(events, time.monotonic())

    def _messages(self, events: Sequence[LinkEvent]) -> list[Message]:
        return [message for event in events for message in messages_of(event, self._topics)]

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        """Publishes what has changed, and the doors' beat; none: the service does not answer. Raises `LinkError`."""
        connection = self._opened()
        if not doors:
            connection.publish([self._available(door, OFFLINE) for door in sorted(self._known())])
            self._shown = {}
            return
        named = {door.door: door for door in doors if is_name(door.door)}
        with self._lock:
            wanted, self._is_wanted = self._is_wanted, False
        gone = sorted(self._known() - set(named))
        news = [*self._versions(), *self._removed(gone), *self._news(named, everything=wanted)]
        if gone or self._listed != set(named):
            news.append(Message(self._topics.doors, msgspec.json.encode(sorted(named)), retain=True))
        connection.publish(news)
        with self._lock:
            self._were = (self._were - set(gone)) | set(named)
        self._shown, self._listed = named, frozenset(named)

    def close(self) -> None:
        """Disconnects; the broker says `offline` for the link. Harmless when it isn't open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._lost_s = connection.lost_s or self._lost_s
            connection.close()

    def check(self) -> str:
        """Connects as the link does beside it, publishes, reads back. Raises `LinkError`, `ConfigError`."""
        topic, said, came = self._topics.check, secrets.token_hex(16).encode(), threading.Event()

        def received(one: Received) -> None:
            if (one.topic, one.payload) == (topic, said):
                came.set()

        client_id = f"lintel-check-{secrets.token_hex(4)}"
        broker = broker_of(self._settings)
        connection = Connection(broker, client_id, received=received)
        try:
            connection.open()
            connection.subscribe_to_own(topic)
            connection.publish([Message(topic, said), *self._announcements_of_nothing()])
            if not came.wait(READ_BACK_S):
                raise LinkError(
                    f"The MQTT broker {broker.name} took what was published on {topic}, and did not send it back.",
                    hint="Allow this user to read the topics in docs/mqtt.md at the broker.",
                )
        finally:
            connection.close()
        how = "TLS" if broker.context is not None else "no TLS"
        return f"{broker.name} ({how}): published on {topic} and read back"

    def _announcements_of_nothing(self) -> list[Message]:
        """What shows whether this user may announce devices, and announces none."""
        return [self._discovery.removed("_check")] if self._settings.home_assistant else []

    def _opened(self) -> Connection:
        if self._connection is None:
            raise LinkError("The connection to the MQTT broker is not open.", hint="`lintel link check` says why.")
        return self._connection

    def _known(self) -> set[str]:
        """The doors that the broker has something retained of: published now, or before the link was started."""
        with self._lock:
            return self._were | set(self._shown)

    def _news(self, doors: dict[str, DoorStatus], *, everything: bool) -> Iterable[Message]:
        for name, door in doors.items():
            before = None if everything else self._shown.get(name)
            if self._settings.home_assistant and (before is None or _wires(before) != _wires(door)):
                yield self._discovery.announced(door)
            state = state_message(door, self._topics)
            if before is None or state != state_message(before, self._topics):
                yield state
            yield self._available(name, ONLINE)

    def _removed(self, doors: Iterable[str]) -> Iterable[Message]:
        for door in doors:
            if self._settings.home_assistant:
                yield self._discovery.removed(door)
            yield Message(self._topics.state(door), b"", retain=True)
            yield Message(self._topics.available(door), b"", retain=True)

    def _available(self, door: str, said: str) -> Message:
        return Message(self._topics.available(door), said.encode(), retain=True)

    def _received(self, one: Received) -> None:
        """In the connection's own thread."""
        if one.topic == self._topics.doors:
            with self._lock:
                self._were |= _names(one.payload)
        elif one.topic == self._discovery.status and one.payload == ONLINE.encode():
            self._is_wanted = True

    def _versions(self) -> Iterable[Message]:
        """Once, and again when another version was installed."""
        newest = _version()
        if newest != self._newest:
            self._newest = newest
            versions = VersionPayload(installed_version=self._running, latest_version=newest)
            yield Message(self._topics.version, msgspec.json.encode(versions), retain=True)


def _wires(door: DoorStatus) -> frozenset[str]:
    return frozenset(wire for wire, _ in door.lines)


def _names(payload: bytes) -> set[str]:
    """Of what the broker kept; anyone may have written it."""
    try:
        names = msgspec.json.decode(payload, type=list[str]) if 0 < len(payload) <= _MOST_DOORS else []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return set()
    return {name for name in names if is_name(name)}


def _version() -> str:
    try:
        return installed_version()
    except PackageNotFoundError:  # run from a checkout that isn't installed
        return "unknown"
