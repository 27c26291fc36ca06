"""`lintel setup`: what it finds, asks, proves and writes; run again, killed at each question, and hostile answers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.commissioning.setup.answers import Given, RelayAnswers
from device.commissioning.setup.answers_file import answers_of, read_answers, written
from device.commissioning.setup.at_door import DOOR_STEPS
from device.commissioning.setup.journey import SITE_STEPS, set_up
from device.errors import CameraError, ConfigError, DoorError, ReaderError
from device.records import DoorInput, Role
from device.settings.loading import load_settings
from device.settings.tables import Settings
from tests.device.commissioning.setup.doorsteps import ANSWERS, House, Killed, Person, Relay

FILE = """
[[doors]]
[doors.camera]
source = "/dev/video0"
[doors.reader]
kind = "osdp"
source = "/dev/ttyUSB0"
[doors.relay]
pin = 17
active_high = true
contact_pin = 27
[boot]
[operator]
login = "anna"
[keys]
[service]
[person]
name = "Ada"
[proofs]
watched = {watched}
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def given(tmp_path: Path, text: str) -> Given:
    path = tmp_path / "answers.toml"
    path.write_text(text)
    return read_answers(path)


def run(house: House, **answers: str | bool) -> Person:
    """Setup once, with a person who answers by the defaults but for these."""
    person = Person(house.relay, {**ANSWERS, **{key.replace("_", " "): said for key, said in answers.items()}})
    set_up(house.site(person))
    return person


def test_a_stock_pi_becomes_a_door(house: House) -> None:
    run(house)
    settings = load_settings(house.settings)
    assert (settings.doors[0].pin, settings.doors[0].active_high, settings.cameras[0].source) == (
        17,
        True,
        "/dev/video0",
    )
    assert (settings.readers[0].kind, settings.store.state_dir) == ("wedge", str(house.folder / "var/lib/lintel"))
    assert [(one.login, one.role) for one in settings.operators] == [("anna", Role.ADMIN)]
    assert (house.members, house.key, house.starts, len(house.enrolled)) == (["anna"], "file", 1, 1)
    assert "dtparam=strict_gpiod" in house.boot.read_text()


def test_only_what_differs_is_written(house: House) -> None:
    run(house)
    lines = [line.split(" =")[0] for line in house.settings.read_text().splitlines() if "=" in line]
    assert lines == ["kind", "source", "source", "state_dir", "login", "role"]


def test_every_step_says_how_one_knows(house: House) -> None:
    house.boot.write_text("dtparam=strict_gpiod\n")
    said = "\n".join(run(house).said)
    assert said.count("How you know:") == 1 + len(DOOR_STEPS) + len(SITE_STEPS)


def test_what_is_not_proven_is_not_said_to_be(house: House) -> None:
    house.opens = False
    site = house.site(person := Person(house.relay, dict(ANSWERS)))
    set_up(site)
    assert "the door opened for them" not in "\n".join(person.said)
    assert any("did not open the door" in one for one in site.unproven)


def test_a_second_run_changes_nothing(house: House) -> None:
    run(house)
    before = house.settings.stat().st_mtime_ns, house.boot.read_text()
    pulses = len(house.relay.pulses)
    run(house, Name_of_the_first="-")
    assert (house.settings.stat().st_mtime_ns, house.boot.read_text()) == before
    assert (len(house.relay.pulses), house.stops) == (pulses, 0)


def test_what_is_kept_is_not_said_to_be_proven(house: House) -> None:
    run(house)
    said = "\n".join(run(house, Name_of_the_first="-").said)
    assert "you saw it open" not in said
    assert "a picture came" not in said
    assert said.count("Kept as it was, and not tried again") >= 3


def test_a_second_run_changes_what_is_asked_alone(house: House) -> None:
    run(house)
    house.settings.write_text(house.settings.read_text() + "\n[vision]\nmin_face_px = 90.0\n")
    house.relay.pin = 22
    person = Person(house.relay, {"relay's input": "22", "Name of the first": "-"})
    relay_asked = iter((True, True, True, False, True))
    person.confirm = _keeping(person, relay_asked)  # type: ignore[method-assign, assignment]
    set_up(house.site(person))
    settings = load_settings(house.settings)
    assert (settings.doors[0].pin, settings.vision.min_face_px, settings.readers[0].kind) == (22, 90.0, "wedge")
    assert (house.stops, house.starts, house.runs) == (1, 2, True)
    assert house.settings.with_name("lintel.toml.before-setup").exists()


def _keeping(person: Person, keeps: Iterator[bool]) -> Callable[[str], bool]:
    real = person.confirm

    def confirm(question: str) -> bool:
        return next(keeps) if "Keep it" in question else real(question)

    return confirm


def test_killed_at_each_question_it_ends_at_the_same_door(tmp_path: Path) -> None:
    """Nothing half-written at any moment, and the next run goes on."""
    whole = House(tmp_path / "whole")
    questions = len(run(whole).asked)
    for at in range(1, questions + 1):
        house = House(tmp_path / str(at))
        person = Person(house.relay, dict(ANSWERS), dies_at=at)
        with pytest.raises(Killed):
            set_up(house.site(person))
        if house.settings.exists():
            load_settings(house.settings)
        run(house)
        assert house.settings.read_text() == _of(house, whole), f"killed at {person.asked[-1]}"
        assert house.boot.read_text() == whole.boot.read_text()
        assert sorted(path.name for path in house.settings.parent.iterdir()) == ["lintel.toml"]
    assert questions >= 12


def _of(house: House, other: House) -> str:
    """The other's settings file, if its folder were this house's."""
    return other.settings.read_text().replace(str(other.folder), str(house.folder))


def test_what_was_proven_is_not_proven_again_after_a_kill(house: House) -> None:
    person = Person(house.relay, dict(ANSWERS), dies_at=14)
    with pytest.raises(Killed):
        set_up(house.site(person))
    pulses = len(house.relay.pulses)
    run(house)
    assert (pulses, len(house.relay.pulses)) == (1, 1)


@pytest.mark.parametrize("is_high", [True, False])
def test_the_polarity_is_found(house: House, is_high: bool) -> None:
    house.relay.energized_by_high = is_high
    run(house)
    assert load_settings(house.settings).doors[0].active_high is is_high
    assert all(seconds <= 3.0 for _, _, seconds in house.relay.pulses)


def test_a_wrong_polarity_in_the_file_is_found(house: House, tmp_path: Path) -> None:
    house.relay.energized_by_high = False
    person = Person(house.relay)
    set_up(house.site(person, given(tmp_path, FILE.format(watched="true"))))
    assert "WRONG POLARITY" in "\n".join(person.said)
    assert load_settings(house.settings).doors[0].active_high is False


@pytest.mark.parametrize(
    ("relay", "message"),
    [
        (Relay(rests=False), "isn't at rest while nothing drives GPIO 17"),
        (Relay(energized_by_high=None), "reacts to no level of GPIO 17"),
        (Relay(pin=18), "reacts to no level of GPIO 17"),
    ],
)
def test_a_relay_that_cannot_be_trusted_ends_it(house: House, relay: Relay, message: str) -> None:
    house.relay = relay
    with pytest.raises(DoorError, match=message):
        run(house)
    assert not house.settings.exists()


def test_no_one_at_the_door_means_no_pulse(house: House) -> None:
    with pytest.raises(ConfigError, match="No one watches"):
        run(house, Is_someone_at_the_door=False)
    assert house.relay.pulses == []


def test_without_a_camera_one_may_go_on(house: House) -> None:
    house.cameras = ()
    person = Person(house.relay, {**ANSWERS, "Which camera": "none"})
    site = house.site(person)
    set_up(site)
    assert any("No camera" in one for one in site.unproven)
    assert house.enrolled == []


def test_of_two_cameras_the_chosen_one_is_written(house: House) -> None:
    house.cameras = (*house.cameras, *(type(house.cameras[0])("csi:0", "imx708"),))
    run(house, Which_camera="csi:0")
    assert load_settings(house.settings).cameras[0].source == "csi:0"


def test_a_camera_without_pictures_ends_it(house: House) -> None:
    house.has_frames = False
    with pytest.raises(CameraError, match="no picture"):
        run(house)
    assert not house.settings.exists()


def test_without_a_reader_wiegand_can_be_chosen(house: House) -> None:
    house.ports = ()
    run(house)
    reader = load_settings(house.settings).readers[0]
    assert (reader.kind, reader.data0_pin, reader.data1_pin) == ("wiegand", 23, 24)


def test_a_badge_that_never_comes_stays_unproven(house: House) -> None:
    house.badge = ""
    site = house.site(Person(house.relay, {**ANSWERS, "Try again": False}))
    set_up(site)
    assert [one for one in site.unproven if one.startswith("Reader")] != []


def test_a_reader_in_trouble_may_be_tried_again(house: House) -> None:
    house.reader_errors = [ReaderError("It does not answer.", hint="Look at A and B.")]
    said = "\n".join(run(house).said)
    assert "It does not answer. Look at A and B." in said
    assert "It read 17:1001." in said


def test_an_osdp_reader_gets_a_key_of_its_own(house: House) -> None:
    run(house, Where_do_badges="/dev/ttyUSB0", What_kind_of_reader="osdp")
    assert (load_settings(house.settings).readers[0].kind, len(house.keys_given)) == ("osdp", 1)


@pytest.mark.parametrize(
    "typed", ["99", "-1", "\u00b2", "\u0663", "1e1", "0x11", "17; reboot", " ", "9" * 5000, "\x1b[A"]
)
def test_a_hostile_pin_is_asked_for_again(house: House, typed: str) -> None:
    person = Person(house.relay, dict(ANSWERS))
    first, real = iter([typed]), person.ask
    person.ask = lambda question, default: (  # type: ignore[method-assign]
        next(first, "17") if "relay's input" in question else real(question, default)
    )
    set_up(house.site(person))
    assert load_settings(house.settings).doors[0].pin == 17


@pytest.mark.parametrize("typed", ["/dev/video0\n[doors]", "\x1b]0;x\x07", "v" * 5000, ""])
def test_a_hostile_camera_is_asked_for_again(house: House, typed: str) -> None:
    person = Person(house.relay, dict(ANSWERS))
    first, real = iter([typed]), person.choose
    person.choose = lambda question, choices, default: (  # type: ignore[method-assign]
        next(first, "0") if "Which camera" in question else real(question, choices, default)
    )
    set_up(house.site(person))
    assert load_settings(house.settings).cameras[0].source == "0"


def test_a_service_that_does_not_start_leaves_its_settings(house: House) -> None:
    house.start_error = DoorError("The service did not start with exit code 7.", hint="The pins")
    with pytest.raises(DoorError, match="did not start"):
        run(house)
    assert house.settings.exists()
    house.start_error = None
    run(house)
    assert (house.starts, len(house.relay.pulses)) == (1, 1)


def test_an_abort_starts_the_service_that_was_stopped(house: House) -> None:
    run(house)
    house.has_frames = False
    person = Person(house.relay, dict(ANSWERS))
    person.confirm = _keeping(person, iter((False,)))  # type: ignore[method-assign, assignment]
    with pytest.raises(CameraError):
        set_up(house.site(person))
    assert (house.stops, house.runs) == (1, True)


def test_in_an_emergency_nothing_is_said_to_be_stopped(house: House) -> None:
    house.runs, house.emergency = True, DoorError("Door main is evacuated.", hint="End that first.")
    person = Person(house.relay, dict(ANSWERS))
    with pytest.raises(DoorError, match="evacuated"):
        set_up(house.site(person))
    assert "stopped" not in "\n".join(person.said)
    assert (house.stops, house.runs) == (0, True)


def test_a_file_alone_sets_a_door_up(house: House, tmp_path: Path) -> None:
    site = house.site(Person(house.relay), given(tmp_path, FILE.format(watched="false")), can_ask=False)
    set_up(site)
    door = load_settings(house.settings).doors[0]
    assert [(wire.signal, wire.pin, wire.active) for wire in door.inputs] == [(DoorInput.DPS, 27, "open")]
    assert (house.relay.pulses, site.terminal.asked) == ([], [])  # type: ignore[attr-defined]
    assert any("no one saw it lock" in one for one in site.unproven)


def test_a_file_that_says_too_little_names_the_table(house: House, tmp_path: Path) -> None:
    text = FILE.format(watched="false").replace("[boot]\n", "")
    with pytest.raises(ConfigError, match=r"no \[boot\]"):
        set_up(house.site(Person(house.relay), given(tmp_path, text), can_ask=False))


def test_a_polarity_that_no_one_watches_has_to_be_stated(house: House, tmp_path: Path) -> None:
    text = FILE.format(watched="false").replace("active_high = true\n", "")
    with pytest.raises(ConfigError, match="polarity"):
        set_up(house.site(Person(house.relay), given(tmp_path, text), can_ask=False))


def test_answers_survive_a_round_trip(tmp_path: Path) -> None:
    before = given(tmp_path, FILE.format(watched="false"))
    again = given(tmp_path, written(before))
    assert again.answers == before.answers
    assert given(tmp_path, written(before, only_stated=True)) == before


def test_the_answers_of_settings_give_these_again(house: House, tmp_path: Path) -> None:
    run(house)
    settings = load_settings(house.settings)
    printed = given(tmp_path, written(answers_of(settings)))
    assert printed.answers == answers_of(settings).answers
    assert answers_of(Settings()).door("main").relay == RelayAnswers(active_high=True)


@pytest.mark.parametrize(
    "text",
    [
        "[[doors]]\n[doors.relay]\npin = 99\n",
        "[[doors]]\n[doors.relay]\npin = true\n",
        '[[doors]]\n[doors.camera]\nsource = "a\\u0000b"\n',
        '[[doors]]\n[doors.reader]\nkind = "stdin"\n',
        '[operator]\nlogin = "anna; rm -rf /"\n',
        '[operator]\nrole = "root"\n',
        '[person]\nname = "\\u001b[2J"\n',
        "[person]\npictures = 1e9\n",
        "[unknown]\n",
        "doors = 3\n",
        "[[doors]\n",
        "\x00",
        "[boot]\n" * 2,
    ],
)
def test_hostile_answers_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        given(tmp_path, text)


def test_answers_that_contradict_each_other_write_nothing(house: House, tmp_path: Path) -> None:
    text = FILE.format(watched="false").replace("contact_pin = 27", "contact_pin = 17")
    with pytest.raises(ConfigError, match="GPIO 17 is used twice"):
        set_up(house.site(Person(house.relay), given(tmp_path, text), can_ask=False))
    assert not house.settings.exists()


@pytest.mark.parametrize("typed", ["mallory", "anna; id", "../anna", ""])
def test_a_user_that_is_not_there_is_asked_for_again(house: House, typed: str) -> None:
    person = Person(house.relay, dict(ANSWERS))
    first = iter([typed])
    real = person.ask
    person.ask = lambda question, default: (  # type: ignore[method-assign]
        next(first, "anna") if "administers" in question else real(question, default)
    )
    set_up(house.site(person))
    assert house.members == ["anna"]
