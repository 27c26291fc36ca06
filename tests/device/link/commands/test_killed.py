"""`lintel link run` killed and started again: what was published meanwhile, retained or at QoS 1, opens nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.records.remote import RemoteCommand
from tests.device.link.commands.broker import ANSWER, COMMAND, LOCK, Guarded, guarded
from tests.device.remote.site import Site, site_at
from tests.mosquitto import NEEDS_MOSQUITTO
from tests.waiting import until

pytestmark = NEEDS_MOSQUITTO
LINTEL = Path(sys.executable).parent / "lintel"


def settings_file(folder: Path, broker: Guarded, site: Site) -> Path:
    mqtt = broker.settings()
    lines = [
        "[link]",
        f'socket = "{site.socket}"',
        f'state_dir = "{folder}"',
        "[link.mqtt]",
        f'host = "{mqtt.host}"',
        f"port = {mqtt.port}",
        f'ca_file = "{mqtt.ca_file}"',
        f'user = "{mqtt.user}"',
        f'password = "{mqtt.password}"',
        "[link.commands]",
        "signed = true",
        'home_assistant = "code"',
    ]
    file = folder / "link.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


@contextmanager
def link(settings: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The real process, killed at the end."""
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(settings.parent)}
    with (settings.parent / "link.log").open("ab") as log:
        process = subprocess.Popen(
            [LINTEL, "link", "run", "--config", settings], stdout=log, stderr=log, env=environment
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def answered(broker: Guarded, site: Site) -> None:
    """Waits until a command that counts is answered: what was sent before has been heard by then."""
    heard = list[tuple[str, bytes]]()
    with broker.client("gate", heard, ANSWER) as client:

        def done() -> bool:
            if not heard:
                client.publish(COMMAND, site.house.token(cmd=RemoteCommand.SECURE), 1).wait_for_publish(30)
            return any(b'"done":true' in said for _, said in heard)

        until(done)


def test_what_was_published_while_it_was_dead_opens_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "link"
    folder.mkdir()
    with guarded(tmp_path) as broker, site_at(tmp_path) as site:
        settings, code = settings_file(folder, broker, site), site.house.give_code()
        with link(settings):
            answered(broker, site)
        for retain in (False, True):
            typed = json.dumps({"command": "release", "code": code, "at": time.time()})
            broker.publish("gate", COMMAND, site.house.token(), retain=retain)
            broker.publish("homeassistant", LOCK, typed, retain=retain)
        with link(settings):
            answered(broker, site)
        assert site.releases == 0
