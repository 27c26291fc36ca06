"""A real Mosquitto with TLS, users and the ACL of docs/remote-commands.md, and other programs that speak to it."""

import contextlib
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from device.link.settings.mqtt import MqttSettings
from tests.conftest import ROOT
from tests.device.link.mqtt.test_tls import Authority
from tests.mosquitto import Mosquitto, mosquitto

PASSWORD = "correct horse battery"
USERS = ("lintel", "gate", "homeassistant", "stranger")
COMMAND = "lintel/home/_controller/command"
ANSWER = "lintel/home/_controller/answer"
LOCK = "lintel/home/main/lock/set"


def documented_acl() -> str:
    """That of the page."""
    page = (ROOT / "docs" / "remote-commands.md").read_text(encoding="utf-8")
    (acl,) = re.findall(r"```text\n(# the link.*?)```", page, re.DOTALL)
    return str(acl)


class Guarded:
    """The broker, and how to speak to it."""

    def __init__(self, folder: Path, one: Mosquitto, authority: Authority) -> None:
        self.folder = folder
        self.one = one
        self.authority = authority

    def settings(self, **changed: object) -> MqttSettings:
        """For the link."""
        password = self.folder / "password"
        password.touch(0o600)
        password.write_text(PASSWORD)
        plain = {
            "host": "127.0.0.1",
            "port": self.one.port,
            "ca_file": str(self.authority.file),
            "user": "lintel",
            "password": str(password),
        }
        return MqttSettings(**{**plain, **changed})  # type: ignore[arg-type]

    @contextlib.contextmanager
    def client(self, user: str, heard: list[tuple[str, bytes]] | None = None, *filters: str) -> Iterator[Client]:
        """A program of that user, subscribed where it wants."""
        client, joined = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5), threading.Event()
        context = ssl.create_default_context(cafile=str(self.authority.file))
        client.tls_set_context(context)
        client.username_pw_set(user, PASSWORD)

        def came(_client: Client, _data: Any, message: MQTTMessage) -> None:
            if heard is not None:
                heard.append((message.topic, bytes(message.payload)))

        client.on_message = came

        def connected(*_: object) -> None:
            if filters:
                client.subscribe([(one, 1) for one in filters])
            else:
                joined.set()

        client.on_connect = connected
        client.on_subscribe = lambda *_: joined.set()
        client.connect("127.0.0.1", self.one.port)
        client.loop_start()
        assert joined.wait(30)
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def publish(self, user: str, topic: str, payload: str | bytes, *, retain: bool = False, qos: int = 1) -> None:
        """Waits until the broker has it."""
        with self.client(user) as client:
            client.publish(topic, payload, qos, retain).wait_for_publish(30)


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[Guarded]:
    """The broker runs until the end."""
    authority = Authority(folder, "authority")
    certificate, key = authority.issue("broker")
    passwords, acl = folder / "passwords", folder / "acl"
    passwords.touch(0o600)
    for user in USERS:
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, PASSWORD], check=True)
    acl.write_text(documented_acl())
    acl.chmod(0o600)
    lines = (
        f"cafile {authority.file}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "allow_anonymous false",
        f"password_file {passwords}",
        f"acl_file {acl}",
    )
    with mosquitto(folder, *lines) as one:
        yield Guarded(folder, one, authority)
