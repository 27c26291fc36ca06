"""What came from the broker: retained, old and hostile messages are no requests, and none raises anything else."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.control.remote_messages import CodedCommand, SignedCommand
from device.link.commands.heard import CommandTopics, Dropped, request_of
from device.link.mqtt.connection import Received
from device.link.mqtt.topics import Topics
from device.link.settings.commands import CommandSettings
from device.records.remote import RemoteCommand
from device.remote.desk import Coded, RemoteRefused
from tests.device.remote.world import START, House

TOPICS = CommandTopics(Topics("home", "controller"))
NOW = START.timestamp() + 100
SIGNED = "lintel/home/_controller/command"
LOCK = "lintel/home/main/lock/set"
BUTTON = "lintel/home/main/button/set"


def lock(**changed: object) -> bytes:
    return json.dumps({"command": "release", "at": NOW, "code": "01123456", **changed}).encode()


def became(topic: str, payload: bytes, *, retain: bool = False, now: float = NOW) -> object:
    """The request, or the word for why there is none."""
    try:
        return request_of(Received(topic, payload, retain), TOPICS, now)
    except Dropped as dropped:
        return str(dropped)


def test_token_is_carried_as_it_came(house: House) -> None:
    token = house.token()
    assert became(SIGNED, token.encode()) == SignedCommand(token=token)


def test_locks_payload_is_a_coded_command() -> None:
    expected = CodedCommand(door="main", command=RemoteCommand.RELEASE, at=NOW, code="01123456")
    assert became(LOCK, lock()) == expected


def test_buttons_payload_has_no_code() -> None:
    said = json.dumps({"command": "release", "at": NOW}).encode()
    assert became(BUTTON, said) == CodedCommand(door="main", command=RemoteCommand.RELEASE, at=NOW)


def test_what_was_retained_is_dropped(house: House) -> None:
    assert [became(SIGNED, house.token().encode(), retain=True), became(LOCK, lock(), retain=True)] == ["retained"] * 2


@pytest.mark.parametrize(("age_s", "said"), [(5.1, "old"), (60, "old"), (-2.1, "from the future")])
def test_what_is_old_is_dropped(house: House, age_s: float, said: str) -> None:
    token = house.token().encode()
    assert [became(SIGNED, token, now=NOW + age_s), became(LOCK, lock(), now=NOW + age_s)] == [said, said]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"UNLOCK",
        b"null",
        b"[]",
        lock(code=None),
        lock(code=1123456),
        lock(code="0112345"),
        lock(at="now"),
        lock(at=float("nan")),
        lock(command="evacuate"),
        lock(command="clear"),
        lock(for_s=3600),
        b"[" * 700,
        b"\xff\xfe",
    ],
)
def test_other_payloads_are_no_commands(payload: bytes) -> None:
    assert became(LOCK, payload) == "not a command"


@pytest.mark.parametrize(
    "topic",
    [
        "lintel/home/main/lock/get",
        "lintel/other/main/lock/set",
        "lintel/home/_controller/lock/set",
        "lintel/home/Main/lock/set",
        "lintel/home/a/b/lock/set",
        "lintel/home//lock/set",
        "",
        "$SYS/broker",
    ],
)
def test_other_topics_are_dropped(topic: str) -> None:
    assert became(topic, lock()) == "another topic"


def test_long_payload_is_not_looked_at() -> None:
    assert became(LOCK, b"x" * 801) == "too long"


def test_subscriptions_are_those_of_the_settings() -> None:
    settings = (
        CommandSettings(),
        CommandSettings(signed=True),
        CommandSettings(home_assistant="code"),
        CommandSettings(signed=True, home_assistant="button"),
    )
    locks, buttons = "lintel/home/+/lock/set", "lintel/home/+/button/set"
    assert [TOPICS.wanted(one) for one in settings] == [(), (SIGNED,), (locks,), (SIGNED, locks, buttons)]


@given(st.sampled_from([SIGNED, LOCK, BUTTON, "x"]) | st.text(max_size=60), st.binary(max_size=900), st.booleans())
def test_no_message_raises_anything_else(topic: str, payload: bytes, retain: bool) -> None:
    assert isinstance(became(topic, payload, retain=retain), str)


class Attacker:
    """Makes messages near to those that count, of what it has recorded, and knows no key and no code."""

    def __init__(self, house: House, seed: int) -> None:
        self.random = random.Random(seed)
        self.house = house
        self.recorded = [house.token().encode(), lock(code=f"01{999999}")]

    def message(self) -> Received:
        topic = self.random.choice([SIGNED, SIGNED, LOCK, BUTTON, "lintel/home/x/lock/set"])
        return Received(
            topic, self.random.choice([self.flipped, self.cut, self.noise, self.guess, self.spliced])(), False
        )

    def flipped(self) -> bytes:
        raw = bytearray(self.random.choice(self.recorded))
        raw[self.random.randrange(len(raw))] ^= 1 << self.random.randrange(8)
        return bytes(raw)

    def cut(self) -> bytes:
        raw = self.random.choice(self.recorded)
        return raw[: self.random.randrange(len(raw))]

    def noise(self) -> bytes:
        return self.random.randbytes(self.random.randrange(64))

    def guess(self) -> bytes:
        code = f"{self.random.randrange(3):02}{self.random.randrange(10**6):06}"
        return lock(code=code, command=self.random.choice(["release", "secure", "lockdown", "evacuate"]))

    def spliced(self) -> bytes:
        """A part of one token in another."""
        one, other = (self.house.token().split(".") for _ in range(2))
        place = self.random.randrange(3)
        return ".".join([*one[:place], other[place] if place else one[0][::-1], *one[place + 1 :]]).encode()


def orders_of(house: House, count: int, seed: int) -> int:
    """How many of so many hostile messages became an order, through the link's parser and the core's desk."""
    attacker, orders = Attacker(house, seed), 0
    for _ in range(count):
        try:
            asked = request_of(attacker.message(), TOPICS, NOW)
            if isinstance(asked, SignedCommand):
                house.desk.signed(asked.token)
            else:
                house.desk.coded(Coded(asked.command, asked.door, asked.at, asked.code))
            orders += 1
        except (Dropped, RemoteRefused):
            pass
    return orders


def test_two_thousand_hostile_messages_are_no_order(house: House) -> None:
    house.give_code()
    assert orders_of(house, 2_000, seed=1) == 0


@pytest.mark.slow(small="test_two_thousand_hostile_messages_are_no_order")
def test_hundred_thousand_hostile_messages_are_no_order(house: House) -> None:
    house.give_code()
    assert orders_of(house, 100_000, seed=2) == 0


@pytest.mark.slow(small="test_two_thousand_hostile_messages_are_no_order")
def test_hostile_messages_write_a_few_rows_alone(house: House, tmp_path: Path) -> None:  # noqa: ARG001
    before = len(house.rows())
    orders_of(house, 5_000, seed=3)
    assert len(house.rows()) - before <= 2
