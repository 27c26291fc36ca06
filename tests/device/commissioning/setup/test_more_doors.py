"""`lintel setup` with more doors: each asked for, proven on its own, and refused at once where two want one thing."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from device.commissioning.setup.answers_file import read_answers
from device.commissioning.setup.found import Choice
from device.commissioning.setup.journey import set_up
from device.errors import ConfigError
from device.records import DoorInput
from device.settings.loading import load_settings
from device.settings.tables import DoorSettings, Settings
from tests.device.commissioning.setup.doorsteps import ANSWERS, House, Killed, Person
from tests.rig.unit import ROOT

FILE = """
[[doors]]
name = "front"
[doors.camera]
source = "/dev/video0"
[doors.reader]
kind = "osdp"
source = "/dev/ttyUSB0"
[doors.exit_reader]
kind = "osdp"
source = "/dev/ttyUSB0"
address = 1
[doors.relay]
pin = 17
active_high = true
exit_button_pin = 5
contact_pin = 6
[[doors]]
name = "back"
[doors.camera]
source = "csi:0"
[doors.reader]
kind = "wiegand"
data0_pin = 22
data1_pin = 24
[doors.relay]
pin = 27
active_high = false
[boot]
[operator]
login = "anna"
[keys]
[service]
[person]
[proofs]
watched = false
"""
ANSWERED = "[boot]\n[operator]\n[keys]\n[service]\n[person]\n[proofs]\nwatched = false\n"
"""The tables of the site."""


@dataclass
class TwoRelays(Person):
    """At two doors, the second of which has a relay of the other polarity at GPIO 27; asked for it once."""

    has_named: bool = False

    def ask(self, question: str, default: str) -> str:
        self._note(question)
        if "another door" in question:
            self.has_named, named = True, self.has_named
            return "-" if named else "back"
        return str(self._scripted(question, default))

    def say(self, text: str) -> None:
        super().say(text)
        if "of door back" in text:
            self.relay.pin, self.relay.energized_by_high = 22, False
        if text.startswith("\nStep") and "of door main" in text:
            self.relay.pin, self.relay.energized_by_high = 17, True


@pytest.fixture
def house(tmp_path: Path) -> House:
    return two_doors_of(tmp_path)


def two_doors_of(folder: Path) -> House:
    return House(
        folder,
        cameras=(Choice("/dev/video0", "one"), Choice("csi:0", "another")),
        ports=(Choice("/dev/input/by-id/a-event-kbd", "types"), Choice("/dev/input/by-id/b-event-kbd", "types")),
    )


def doors_of(house: House) -> tuple[DoorSettings, ...]:
    return load_settings(house.settings).doors


def test_second_door_is_asked_for_and_proven(house: House) -> None:
    person = TwoRelays(house.relay, dict(ANSWERS))
    set_up(house.site(person))
    main, back = doors_of(house)
    assert (main.name, main.pin, main.active_high) == ("main", 17, True)
    assert (back.name, back.pin, back.active_high) == ("back", 22, False)
    assert house.seen == ["/dev/video0", "csi:0"]
    assert house.read == ["reader", "back-in"]
    assert [(pin, high) for pin, high, _ in house.relay.pulses] == [(17, True), (22, True), (22, False)]
    assert house.wires_tried == 2


def test_second_door_brings_its_own_camera_and_reader(house: House) -> None:
    set_up(house.site(TwoRelays(house.relay, dict(ANSWERS))))
    settings = load_settings(house.settings)
    assert [(one.name, one.source) for one in settings.cameras] == [("main", "/dev/video0"), ("back", "csi:0")]
    assert [one.source for one in settings.readers] == [one.value for one in house.ports]
    assert settings.camera_at(settings.doors[1], settings.doors[1].readers[0]).name == "back"


def test_exit_reader_is_asked_for(house: House) -> None:
    person = Person(house.relay, {**ANSWERS, "By which reader": "/dev/input/by-id/b-event-kbd"})
    set_up(house.site(person))
    (door,) = doors_of(house)
    assert [(one.name, one.direction) for one in door.readers] == [("reader", "entry"), ("main-out", "exit")]
    assert house.read == ["reader", "main-out"]


def test_killed_at_each_question_two_doors_end_alike(tmp_path: Path) -> None:
    whole = two_doors_of(tmp_path / "whole")
    person = TwoRelays(whole.relay, dict(ANSWERS))
    set_up(whole.site(person))
    for at in range(1, len(person.asked) + 1):
        house = two_doors_of(tmp_path / str(at))
        killed = TwoRelays(house.relay, dict(ANSWERS), dies_at=at)
        with pytest.raises(Killed):
            set_up(house.site(killed))
        is_drafted = (draft := house.settings.with_name("setup.toml")).exists() and '"back"' in draft.read_text()
        set_up(house.site(TwoRelays(house.relay, dict(ANSWERS), has_named=is_drafted or house.settings.exists())))
        assert doors_of(house) == doors_of(whole), f"killed at {killed.asked[-1]}"


def test_relay_that_is_not_proven_yet_is_not_known_to_who_secures(house: House, tmp_path: Path) -> None:
    """Of a file with both doors: what secures the first one when killed must not hold the second one's level."""
    seen: list[tuple[str, ...]] = []
    (tmp_path / "answers.toml").write_text(FILE.replace("watched = false", "watched = true"))
    site = house.site(Person(house.relay, dict(ANSWERS)), read_answers(tmp_path / "answers.toml"))
    hands = site.hands

    def wires(settings: Settings, _door: DoorSettings, _installer: object) -> list[str]:
        seen.append(tuple(one.name for one in settings.doors))
        house.relay.pin, house.relay.energized_by_high = 27, False
        return []

    object.__setattr__(hands, "wires", wires)
    set_up(site)
    assert seen == [("front",), ("front", "back")]


def test_file_alone_sets_two_doors_up(house: House, tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text(FILE)
    site = house.site(Person(house.relay), read_answers(tmp_path / "answers.toml"), can_ask=False)
    set_up(site)
    front, back = doors_of(house)
    assert [(one.name, one.direction, one.address) for one in front.readers] == [
        ("reader", "entry", 0),
        ("front-out", "exit", 1),
    ]
    assert [(one.signal, one.pin) for one in front.inputs] == [(DoorInput.REX, 5), (DoorInput.DPS, 6)]
    assert (back.readers[0].data0_pin, back.pin, back.active_high) == (22, 27, False)
    assert "Door back: Relay: no one saw it lock" in "\n".join(site.unproven)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("pin = 27", "pin = 17", "GPIO 17 is used twice"),
        ("data0_pin = 22", "data0_pin = 5", "GPIO 5 is used twice"),
        ('source = "csi:0"', 'source = "/dev/video0"', "/dev/video0 is taken twice, as the camera of door front"),
        ('source = "csi:0"', 'source = "0"', "0 is taken twice, as the camera of door front"),
        ("address = 1", "address = 0", "/dev/ttyUSB0 is taken twice, as the reader of door front and as the exit"),
    ],
)
def test_file_that_wants_one_thing_twice_touches_nothing(
    house: House, tmp_path: Path, old: str, new: str, why: str
) -> None:
    assert old in FILE
    house.runs = True
    (tmp_path / "answers.toml").write_text(FILE.replace(old, new))
    person = Person(house.relay)
    with pytest.raises(ConfigError, match=why):
        set_up(house.site(person, read_answers(tmp_path / "answers.toml"), can_ask=False))
    assert (person.said, house.stops, house.settings.exists()) == ([], 0, False)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('name = "back"', "", "each of .* but the first needs a `name`"),
        ('name = "back"', 'name = "front"', "one `name`"),
        ('name = "back"', 'name = "Back Door"', "name"),
    ],
)
def test_names_that_name_nothing_are_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    (tmp_path / "answers.toml").write_text(FILE.replace(old, new))
    with pytest.raises(ConfigError, match=why):
        read_answers(tmp_path / "answers.toml")


def test_pin_that_is_taken_is_asked_for_again(house: House) -> None:
    person = TwoRelays(house.relay, dict(ANSWERS))
    typed, real = iter(["17", "17", "22"]), person.ask
    person.ask = lambda question, default: (  # type: ignore[method-assign]
        next(typed) if "relay's input" in question else real(question, default)
    )
    set_up(house.site(person))
    assert [door.pin for door in doors_of(house)] == [17, 22]
    assert any("GPIO 17 is used twice, by the relay of door main" in text for text in person.said)


def test_third_door_is_added_to_two(house: House) -> None:
    set_up(house.site(TwoRelays(house.relay, dict(ANSWERS))))
    before = doors_of(house)
    pulses = len(house.relay.pulses)
    house.cameras = (*house.cameras, Choice("/dev/video4", "a third"))
    person = Person(house.relay, {"another door": "side", "Where do badges": "wiegand", "Name of the first": "-"})
    said, real = iter(["side", "-"]), person.ask
    person.ask = lambda question, default: (  # type: ignore[method-assign]
        next(said) if "another door" in question else real(question, default)
    )
    house.relay.pin, house.relay.energized_by_high = 27, True
    set_up(house.site(person))
    assert doors_of(house)[:2] == before
    side = doors_of(house)[2]
    assert (side.name, side.pin, side.readers[0].data0_pin, side.readers[0].data1_pin) == ("side", 27, 23, 24)
    assert {pin for pin, _, _ in house.relay.pulses[pulses:]} == {27}


def test_file_of_the_documentation_fits_together(house: House, tmp_path: Path) -> None:
    block = (ROOT / "docs/commissioning.md").read_text().partition("```toml\n")[2].partition("```")[0]
    proven = block.replace("[doors.relay]", "[doors.relay]\nactive_high = true")
    (tmp_path / "answers.toml").write_text(proven + ANSWERED)
    set_up(house.site(Person(house.relay), read_answers(tmp_path / "answers.toml"), can_ask=False))
    front, back = doors_of(house)
    assert (front.readers[0].kind, back.fail_safe, [one.address for one in back.readers]) == ("wedge", True, [0, 1])
