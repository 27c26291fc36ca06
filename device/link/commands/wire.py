"""The integration `commands`: a connection of its own to the broker, over which commands come, and nothing else.

It is a wire so that it is opened again, watched and shown as the others are; events pass it by.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from device.clock import SystemClock
from device.control.client import Client
from device.control.messages import Doors, Status
from device.control.remote_messages import CodedCommand, SignedCommand
from device.errors import ConfigError, DoorError, LinkError
from device.link.commands.carrying import Answer, Carrying
from device.link.commands.heard import CommandTopics, Dropped, request_of
from device.link.events import LinkEvent
from device.link.mqtt.broker import broker_of, refuse_contradictions
from device.link.mqtt.connection import Connection, Received
from device.link.mqtt.payloads import Message
from device.link.mqtt.topics import Topics
from device.link.settings.commands import CommandSettings
from device.link.settings.mqtt import MqttSettings
from device.records import DoorStatus
from device.records.remote import RemoteCommand, RemoteRefusal


class CommandWire:
    """Subscribes with a clean start, no session and no retained message, so that nothing that waited comes."""

    def __init__(self, broker: MqttSettings, settings: CommandSettings, socket: Path) -> None:
        """Connects to nothing and reads no secret. Raises `ConfigError`: commands take TLS and a user of their own."""
        refuse_contradictions(broker)
        refuse_open_ways(broker)
        self._broker = broker
        self._settings = settings
        self._topics = CommandTopics(Topics(broker.site, broker.controller))
        self._client = Client(socket)
        self._clock = SystemClock()
        self._connection: Connection | None = None
        self._carrying: Carrying | None = None
        self.dropped = 0
        """What came and was not carried on."""

    def open(self) -> None:
        """Connects and subscribes. Raises `LinkError`, `ConfigError`."""
        self.close()
        client_id = f"lintel-{self._broker.site}-{self._broker.controller}-commands"
        connection = Connection(broker_of(self._broker), client_id, received=self._received)
        connection.open()
        self._connection, self._carrying = connection, Carrying(self._client, self._answered)
        connection.subscribe(*self._topics.wanted(self._settings), retained=False)

    def deliver(self, events: Sequence[LinkEvent]) -> None:  # noqa: ARG002
        """Events go out over `mqtt`. Raises `LinkError` once the connection is lost, so that it is opened again."""
        self._refuse_lost()

    def show(self, doors: tuple[DoorStatus, ...]) -> None:  # noqa: ARG002
        """Likewise."""
        self._refuse_lost()

    def close(self) -> None:
        """Disconnects; harmless when it isn't open. What waits for the service is dropped."""
        connection, self._connection = self._connection, None
        carrying, self._carrying = self._carrying, None
        if connection is not None:
            connection.close()
        if carrying is not None:
            carrying.end()

    def check(self) -> str:
        """Connects and subscribes beside the link, and sends the service an empty one: the audit has its refusal.

        Raises `LinkError`, `ConfigError`.
        """
        connection = Connection(broker_of(self._broker), f"lintel-check-{secrets.token_hex(4)}")
        try:
            connection.open()
            connection.subscribe(*self._topics.wanted(self._settings), retained=False)
        finally:
            connection.close()
        probes: list[SignedCommand | CodedCommand] = []
        if self._settings.signed:
            probes.append(SignedCommand(token=""))
        if self._settings.home_assistant != "off":
            probes += [
                CodedCommand(door=door, command=RemoteCommand.RELEASE, at=0.0, code="0") for door in self._door()
            ]
        for probe in probes:
            self._refuse_unless_judged(probe)
        return f"{self._broker.host} (TLS): subscribed to commands, which the door's service judges"

    def _door(self) -> list[str]:
        """A door of the house; none while no service runs, which the check of the service says."""
        doors = self._client.ask(Status(), Doors)
        return [one.door for one in doors.doors][:1] if doors else []

    def _refuse_unless_judged(self, probe: SignedCommand | CodedCommand) -> None:
        """What is no command is refused for its form, once the settings and the role are right."""
        said = "the door's service does not run"
        try:
            self._client.ask(probe, Doors)
        except DoorError as error:
            if f"({RemoteRefusal.FORM})" in error.message:
                return
            said = error.message.removesuffix(".")
        raise LinkError(
            f"The door's service takes no such command from the link: {said}.",
            hint="Allow it under [remote] in the door's settings, and give the link's user the role `link`.",
        )

    def _refuse_lost(self) -> None:
        if self._connection is None or not self._connection.is_open:
            raise LinkError("The connection for commands is lost.", hint="`lintel link check` says why.")

    def _received(self, came: Received) -> None:
        """In the connection's own thread; never raises, whatever came."""
        try:
            request = request_of(came, self._topics, self._clock.utc().timestamp())
        except Dropped:
            self.dropped += 1
            return
        if self._carrying is None or not self._carrying.add(request):
            self.dropped += 1

    def _answered(self, answer: Answer) -> None:
        connection = self._connection
        if connection is not None:
            with suppress(LinkError):
                connection.publish([Message(self._topics.answer, msgspec.json.encode(answer))])


def refuse_open_ways(broker: MqttSettings) -> None:
    """Raises `ConfigError` for a broker that anyone can read or write to on the way."""
    if not broker.host:
        raise ConfigError("[link.commands] needs a broker, and [link.mqtt] names none.", hint="Set `host` there.")
    if not broker.tls:
        raise ConfigError(
            "[link.commands] takes commands over TLS alone, and [link.mqtt] has `tls = false`.",
            hint="Leave `tls = false` out, or turn commands off.",
        )
    if not broker.user and not broker.cert_file:
        raise ConfigError(
            "[link.commands] needs a user of its own at the broker, and [link.mqtt] has none.",
            hint="Set `user` and `password`, and an ACL as in docs/remote-commands.md.",
        )
