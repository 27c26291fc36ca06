"""Commands through a real broker, with the link's own wire and the core's own desk: what waited opens nothing."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import ConfigError, LinkError
from device.link.commands.wire import CommandWire
from device.link.settings.commands import CommandSettings
from device.link.settings.mqtt import MqttSettings
from device.records import Commanded, DoorCommand
from device.records.remote import RemoteCommand
from device.settings.remote import RemoteSettings
from tests.device.link.commands.broker import ANSWER, COMMAND, LOCK, Guarded, guarded
from tests.device.remote.site import Site, site_at
from tests.mosquitto import NEEDS_MOSQUITTO
from tests.waiting import until

pytestmark = NEEDS_MOSQUITTO
ON = CommandSettings(signed=True, home_assistant="code")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("broker")) as one:
        yield one


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_at(tmp_path) as one:
        yield one


@pytest.fixture
def wire(broker: Guarded, site: Site) -> Iterator[CommandWire]:
    one = CommandWire(broker.settings(), ON, site.socket)
    yield one
    one.close()


def typed(code: str, command: str = "release") -> str:
    """As Home Assistant's lock sends it."""
    return json.dumps({"command": command, "code": code, "at": time.time()})


def sees_a_good_one(broker: Guarded, site: Site) -> bool:
    """Sends one that counts, behind all that was sent before, and waits for its answer."""
    token, heard = site.house.token(cmd=RemoteCommand.SECURE), list[tuple[str, bytes]]()
    with broker.client("gate", heard, ANSWER) as client:
        client.publish(COMMAND, token, 1).wait_for_publish(30)
        until(lambda: any(b'"done":true' in said for _, said in heard))
    return True


def test_signed_release_is_done_and_answered(broker: Guarded, site: Site, wire: CommandWire) -> None:
    wire.open()
    claims, heard = site.house.claims(), list[tuple[str, bytes]]()
    token = site.house.token(jti=claims.jti)
    with broker.client("gate", heard, ANSWER) as client:
        client.publish(COMMAND, token, 1).wait_for_publish(30)
        until(lambda: heard)
    assert [json.loads(said) for _, said in heard] == [{"id": claims.jti, "done": True, "what": ""}]
    assert site.door.told == [Commanded(DoorCommand.RELEASE)]


def test_home_assistants_unlock_releases_once(broker: Guarded, site: Site, wire: CommandWire) -> None:
    code = site.house.give_code()
    wire.open()
    broker.publish("homeassistant", LOCK, typed(code))
    until(lambda: site.releases)
    assert [one.by.words for one in site.notes] == ["code of anna, by lintel-link"]


def test_what_was_sent_while_the_link_was_down_opens_nothing(broker: Guarded, site: Site, wire: CommandWire) -> None:
    code = site.house.give_code()
    wire.open()
    wire.close()
    for retain in (False, True):
        broker.publish("gate", COMMAND, site.house.token(), retain=retain)
        broker.publish("homeassistant", LOCK, typed(code), retain=retain)
    wire.open()
    assert sees_a_good_one(broker, site)
    assert site.releases == 0
    for user, topic in (("gate", COMMAND), ("homeassistant", LOCK)):
        broker.publish(user, topic, b"", retain=True)


def test_retained_ones_open_nothing_while_it_listens(broker: Guarded, site: Site, wire: CommandWire) -> None:
    code = site.house.give_code()
    wire.open()
    broker.publish("gate", COMMAND, site.house.token(), retain=True)
    broker.publish("homeassistant", LOCK, typed(code), retain=True)
    assert sees_a_good_one(broker, site)
    assert site.releases == 0
    for user, topic in (("gate", COMMAND), ("homeassistant", LOCK)):
        broker.publish(user, topic, b"", retain=True)


def test_recorded_message_opens_nothing_again(broker: Guarded, site: Site, wire: CommandWire) -> None:
    wire.open()
    token = site.house.token()
    for _ in range(5):
        broker.publish("gate", COMMAND, token)
    assert sees_a_good_one(broker, site)
    assert site.releases == 1


def test_recorded_message_opens_nothing_after_a_restart_of_the_broker(
    broker: Guarded, site: Site, wire: CommandWire
) -> None:
    wire.open()
    broker.publish("gate", COMMAND, token := site.house.token())
    until(lambda: site.releases)
    broker.one.kill()
    until(lambda: is_lost(wire))
    broker.one.start()
    wire.open()
    broker.publish("gate", COMMAND, token)
    assert sees_a_good_one(broker, site)
    assert site.releases == 1


def is_lost(wire: CommandWire) -> bool:
    """Whether the link is told to open it again."""
    try:
        wire.show(())
    except LinkError:
        return True
    return False


def test_strangers_of_the_broker_reach_no_door(broker: Guarded, site: Site, wire: CommandWire) -> None:
    code = site.house.give_code()
    wire.open()
    broker.publish("stranger", COMMAND, site.house.token())
    broker.publish("stranger", LOCK, typed(code))
    broker.publish("gate", LOCK, typed(code))
    assert sees_a_good_one(broker, site)
    assert (site.releases, wire.dropped) == (0, 0)


def test_hostile_messages_end_nothing(broker: Guarded, site: Site, wire: CommandWire) -> None:
    wire.open()
    with broker.client("gate") as client:
        for number in range(300):
            client.publish(COMMAND, b"\xff{[" * number, 0)
        client.publish(COMMAND, b"", 1).wait_for_publish(30)
    until(lambda: wire.dropped == 301)
    assert sees_a_good_one(broker, site)
    assert site.releases == 0


def test_check_proves_the_way_to_the_desk(site: Site, wire: CommandWire) -> None:
    assert wire.check() == "127.0.0.1 (TLS): subscribed to commands, which the door's service judges"
    assert (site.releases, site.house.rows()[-1].startswith("remote-refused: form")) == (0, True)


def test_check_says_that_the_door_does_not_allow_it(broker: Guarded, tmp_path: Path) -> None:
    with site_at(tmp_path, RemoteSettings(signed=True)) as site:
        wire = CommandWire(broker.settings(), ON, site.socket)
        with pytest.raises(LinkError, match="the settings don't allow such commands") as raised:
            wire.check()
    assert raised.value.hint.startswith("Allow it under [remote] in the door's settings")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tls": False, "ca_file": ""}, "over TLS alone"),
        ({"user": "", "password": ""}, "a user of its own"),
        ({"host": ""}, "names none"),
    ],
)
def test_open_ways_are_refused(broker: Guarded, site: Site, changed: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CommandWire(broker.settings(**changed), ON, site.socket)


def test_commands_are_off_by_default() -> None:
    assert (CommandSettings().are_on, MqttSettings().host) == (False, "")
