"""One MQTT 5 connection, which never lasts longer than it is connected: clean start, no session, no reconnect.

What is published counts once the broker has acknowledged it (QoS 1). Whoever holds the connection opens it again.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import DependencyMissing, LinkError
from device.failures import in_words
from device.link.mqtt.broker import Broker
from device.link.mqtt.payloads import Message
from device.packages import install_hint

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

CONNECT_S = 10.0
"""How long connecting may take, TLS included, seconds."""
ACK_S = 30.0
"""How long the broker may take to acknowledge what was published, seconds."""
WINDOW = 500
"""How many publications wait for their acknowledgement at once; fewer if the broker says so."""
MOST_BYTES = 128 * 1024
"""Of a publication that comes from the broker: what others publish there takes no more of this machine's memory."""
_HUNG_UP = "it hung up"
_QOS = 1
_UNSPECIFIED = 0x80
_NEVER_SEND_RETAINED = 2


@dataclass(frozen=True, slots=True)
class Received:
    """What the broker sent."""

    topic: str
    payload: bytes
    retain: bool
    """The broker had it before this connection subscribed."""


class PublicationRefused(LinkError):
    """The broker took what was published, but for `messages`."""

    def __init__(self, broker: Broker, why: str, messages: Sequence[Message] = ()) -> None:
        super().__init__(
            f"The MQTT broker {broker.name} refused what was published: {why}.",
            hint="Allow this user the topics in docs/mqtt.md at the broker.",
        )
        self.messages = tuple(messages)


def ignore(_received: Received) -> None:
    """Takes no notice."""


class Connection:
    """Publishes and subscribes. One thread uses it; `received` is called by a thread of its own and must not raise.

    Everything raises `LinkError` that says what to do.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        will: Message | None = None,
        received: Callable[[Received], None] = ignore,
    ) -> None:
        """Connects to nothing yet. The broker publishes `will` when the connection ends, whatever ends it."""
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._received = received
        self._client: Client | None = None
        self._changed = threading.Condition()
        self._lost = ""
        self._refused = ""
        self._connected = False
        self._acknowledged: set[int] = set()
        self._refused_ids: set[int] = set()
        self._window = WINDOW
        self.lost_s: float | None = None
        """When the broker hung up, seconds on the monotonic clock; None if it did not."""

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as is known."""
        return self._connected and not self._lost

    def open(self) -> None:
        """Connects; harmless when it is connected."""
        if self.is_open:
            return
        self.close()
        client = self._made()
        self._client = client
        self._lost = self._refused = ""
        self._acknowledged.clear()
        try:
            client.connect(
                self._broker.host, self._broker.port, self._broker.keepalive_s, clean_start=True, properties=_bounded()
            )
        except (OSError, ValueError) as error:
            self._client = None
            raise self._unreachable(error) from None
        client.loop_start()
        try:
            self._wait(lambda: self._connected, CONNECT_S, "did not answer")
        except LinkError:
            self.close()
            raise

    def publish(self, messages: Sequence[Message]) -> None:
        """Publishes in this order, and returns once the broker has acknowledged all.

        Raises `PublicationRefused` if it took only some of them.
        """
        client, waiting, deadline = self._opened(), set[int](), time.monotonic() + ACK_S
        sent = dict[int, Message]()
        self._begin()
        for message in messages:
            if len(waiting) >= self._window:
                self._drain(waiting, self._window // 2, deadline)
            info = client.publish(message.topic, message.payload, _QOS, message.retain)
            if info.rc != 0:
                raise self._gone(self._lost or "the connection is lost")
            waiting.add(info.mid)
            sent[info.mid] = message
        self._drain(waiting, 0, deadline)
        if self._refused:
            refused = [message for mid, message in sent.items() if mid in self._refused_ids]
            raise PublicationRefused(self._broker, self._refused, refused)

    def subscribe(self, *filters: str, retained: bool = True) -> None:
        """Wants what is published there from now on, and what is retained there. Returns once the broker agreed.

        Without `retained` the broker sends nothing that it kept (retain handling 2). What this connection publishes
        itself doesn't come back.
        """
        self._subscribe(filters, own=False, retained=retained)

    def subscribe_to_own(self, *filters: str) -> None:
        """The same for what this connection publishes, and for nothing retained."""
        self._subscribe(filters, own=True, retained=False)

    def close(self) -> None:
        """Disconnects, so that the broker publishes the will; harmless when it is not open."""
        client, self._client = self._client, None
        self._connected = False
        if client is None:
            return
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.reasoncodes import ReasonCode

        with suppress(OSError, ValueError):
            client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))
        client.loop_stop()

    def _made(self) -> "Client":
        try:
            from paho.mqtt.client import Client, MQTTv5
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise DependencyMissing("MQTT needs the package paho-mqtt.", hint=install_hint("link")) from None
        client = Client(CallbackAPIVersion.VERSION2, self._client_id, protocol=MQTTv5, reconnect_on_failure=False)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(0)  # `publish` keeps to the broker's window itself
        if self._broker.context is not None:
            client.tls_set_context(self._broker.context)
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password.text if self._broker.password else None)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, _QOS, self._will.retain)
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _subscribe(self, filters: Sequence[str], *, own: bool, retained: bool) -> None:
        from paho.mqtt.subscribeoptions import SubscribeOptions

        handling = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if retained else _NEVER_SEND_RETAINED
        options = SubscribeOptions(_QOS, noLocal=not own, retainAsPublished=True, retainHandling=handling)
        client = self._opened()
        self._begin()
        rc, mid = client.subscribe([(one, options) for one in filters])
        if rc != 0 or mid is None:
            raise self._gone(self._lost or "the connection is lost")
        self._drain({mid}, 0, time.monotonic() + ACK_S)
        if self._refused:
            raise PublicationRefused(self._broker, self._refused)

    def _begin(self) -> None:
        """Forgets what was refused before."""
        with self._changed:
            self._refused = ""
            self._refused_ids.clear()

    def _drain(self, waiting: set[int], most: int, deadline: float) -> None:
        """Waits until at most that many are not acknowledged. Forgets acknowledgements of anything else."""
        if len(waiting) <= most:
            return

        def is_drained() -> bool:
            waiting.difference_update(self._acknowledged)
            self._acknowledged.clear()
            return len(waiting) <= most

        self._wait(is_drained, deadline - time.monotonic(), "did not acknowledge what was published")

    def _wait(self, is_so: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: self._lost or is_so(), timeout_s)
        if self._lost:
            raise self._gone(self._lost)
        if not came:
            raise self._gone(f"it {otherwise} within {ACK_S if self._connected else CONNECT_S:.0f} s")

    def _opened(self) -> "Client":
        if self._client is None or not self.is_open:
            raise self._gone(self._lost or "the connection is not open")
        return self._client

    def _gone(self, why: str) -> LinkError:
        hint = "Look whether it runs, and whether a firewall lets port and address through: `lintel link check`."
        if "uthorized" in why or "user name" in why:
            hint = "Check `user` and `password` under [link.mqtt], and that the broker knows both."
        if why.startswith(_HUNG_UP):
            hint = (
                "The broker's log says why. If it has this client connected already, give each Pi of the site another "
                "`controller` under [link.mqtt]."
            )
        return LinkError(f"The MQTT broker {self._broker.name} is not there: {why}.", hint=hint)

    def _unreachable(self, error: OSError | ValueError) -> LinkError:
        import ssl

        if isinstance(error, ssl.SSLError):
            why = getattr(error, "verify_message", "") or error.reason or "TLS failed"
            return LinkError(
                f"The MQTT broker {self._broker.name} can't be trusted: {why}.",
                hint="Name its authority's certificate as `ca_file`, and as `host` a name that its certificate has.",
            )
        return self._gone(in_words(error, quoted=True))

    def _on_connect(
        self, _client: "Client", _data: object, _flags: "ConnectFlags", code: "ReasonCode", said: "Properties | None"
    ) -> None:
        with self._changed:
            if code.is_failure:
                self._lost = _plain(code)
            else:
                self._window = min(WINDOW, getattr(said, "ReceiveMaximum", WINDOW))
                self._connected = True
            self._changed.notify_all()

    def _on_disconnect(
        self,
        _client: "Client",
        _data: object,
        _flags: "DisconnectFlags",
        code: "ReasonCode",
        _said: "Properties | None",
    ) -> None:
        with self._changed:
            why = "" if code.value == _UNSPECIFIED else f" ({_plain(code)})"
            self._lost = self._lost or f"{_HUNG_UP}{why}"
            self.lost_s = self.lost_s or time.monotonic()
            self._changed.notify_all()

    def _on_publish(
        self, _client: "Client", _data: object, mid: int, code: "ReasonCode", _said: "Properties | None"
    ) -> None:
        self._answered(mid, [code])

    def _on_subscribe(
        self, _client: "Client", _data: object, mid: int, codes: "list[ReasonCode]", _said: "Properties | None"
    ) -> None:
        self._answered(mid, codes)

    def _answered(self, mid: int, codes: "Sequence[ReasonCode]") -> None:
        self._hasten()
        with self._changed:
            for code in codes:
                if code.is_failure:
                    self._refused = _plain(code)
                    self._refused_ids.add(mid)
            self._acknowledged.add(mid)
            self._changed.notify_all()

    def _hasten(self) -> None:
        """Has the kernel confirm at once what came: else a broker with Nagle's algorithm waits 40 ms with the next."""
        connection = self._client.socket() if self._client is not None else None
        if isinstance(connection, socket.socket) and hasattr(socket, "TCP_QUICKACK"):  # Linux
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _on_message(self, _client: "Client", _data: object, message: "MQTTMessage") -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._received(Received(topic, bytes(message.payload), message.retain))


def _bounded() -> "Properties":
    """Asks the broker to keep back what would cost this machine its memory."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.MaximumPacketSize = MOST_BYTES
    return asked


def _without_delay(_client: object, _data: object, connection: object) -> None:
    """A page's last publication doesn't wait for the acknowledgement of those before."""
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _plain(code: "ReasonCode") -> str:
    return str(code).lower()
