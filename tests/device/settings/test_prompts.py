"""What a door asks for a turn of the head by, what `pad` is by default, and what is refused with what to wire."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ConfigError
from device.settings.loading import load_settings, settings_in
from device.settings.prompts import asks_for_turns, pad_of, pad_words, unstopped_lines

Write = Callable[[str], Path]
LAMPS = '[[doors.outputs]]\nsignal = "turn-left"\npin = 5\n[[doors.outputs]]\nsignal = "turn-right"\npin = 6\n'
OSDP = '[[doors.readers]]\nname = "front"\nkind = "osdp"\nsource = "/dev/ttyUSB0"\n'
WIEGAND = '[[doors.readers]]\nname = "front"\nkind = "wiegand"\ndata0_pin = 23\ndata1_pin = 24\n'
TEXT = 'turn_left = "text"\nturn_right = "text"\n'
BEEPS = 'turn_left = "beep"\nturn_right = "two-beeps"\n'
BLINKS = 'turn_left = "slow-blink"\nturn_right = "fast-blink"\n'
OTHER_WAY_IN = '[[doors.readers]]\nname = "other"\n'
WAY_OUT = '[[doors.readers]]\nname = "inside"\nsource = "/dev/inside"\ndirection = "exit"\n'
PROMPTED = {
    "two lamps": LAMPS,
    "text on a display": OSDP + TEXT,
    "beeps of an OSDP reader": OSDP + BEEPS,
    "LED of an OSDP reader": OSDP + BLINKS,
    "buzzer of a Wiegand reader": WIEGAND + "buzzer_pin = 25\n" + BEEPS,
    "LED of a Wiegand reader": WIEGAND + "led_pin = 25\n" + BLINKS,
    "lamps for two readers": OSDP + OTHER_WAY_IN + LAMPS,
    "a way out without one": OSDP + TEXT + WAY_OUT,
}
SILENT = {
    "nothing": "",
    "a reader that shows nothing": '[[doors.readers]]\nkind = "rdm6300"\nsource = "/dev/ttyS0"\n',
    "one of two readers": OSDP + TEXT + OTHER_WAY_IN,
    "no way in": WAY_OUT,
}
NAMED = '[pad]\nnetwork = "minifasnet-v2"\n'


@pytest.mark.parametrize("said", PROMPTED.values(), ids=PROMPTED.keys())
def test_door_that_can_ask_for_a_turn_demands_one(write: Write, said: str) -> None:
    (door,) = load_settings(write("[[doors]]\n" + said)).doors
    assert (pad_of(door), asks_for_turns(door)) == ("turn", True)


@pytest.mark.parametrize("said", SILENT.values(), ids=SILENT.keys())
def test_door_that_cannot_ask_is_passive(write: Write, said: str) -> None:
    (door,) = load_settings(write("[[doors]]\n" + said)).doors
    assert (pad_of(door), asks_for_turns(door)) == ("passive", False)


@pytest.mark.parametrize("said", ["off", "passive", "turn"])
def test_setting_comes_before_the_default(write: Write, said: str) -> None:
    (door,) = load_settings(write(f'[[doors]]\npad = "{said}"\n{LAMPS}')).doors
    assert pad_of(door) == said


def test_doors_at_which_a_print_is_not_stopped_are_named(write: Write) -> None:
    camera = '[[cameras]]\n[[cameras]]\nname = "b"\nsource = "1"\n[[cameras]]\nname = "c"\nsource = "2"\n'
    doors = (
        '[[doors]]\nname = "lamps"\n' + LAMPS,
        '[[doors]]\nname = "silent"\npin = 4\ncamera = "b"\n' + OSDP,
        '[[doors]]\nname = "off"\npin = 7\ncamera = "c"\npad = "off"\n'
        + OSDP.replace("front", "back").replace("USB0", "USB1")
        + TEXT,
        '[[doors]]\nname = "out"\npin = 8\n' + WAY_OUT,
    )
    assert list(unstopped_lines(load_settings(write("".join(doors) + camera)))) == [
        "Door silent: presentation attack detection passive; no prompt: a print is not stopped",
        "Door off: presentation attack detection off: a print is not stopped",
    ]


@pytest.mark.parametrize(
    ("said", "network", "words"),
    [
        (LAMPS, "", "turn"),
        (LAMPS, "mine", "turn, network mine"),
        ("", "mine", "passive, network mine; no prompt: a print is not stopped"),
        ('pad = "passive"\n' + LAMPS, "", "passive: a print is not stopped"),
        ('pad = "off"\n' + LAMPS, "mine", "off: a print is not stopped"),
        (WAY_OUT, "mine", ""),
    ],
)
def test_words_for_what_a_door_demands(write: Write, said: str, network: str, words: str) -> None:
    assert pad_words(load_settings(write("[[doors]]\n" + said)).doors[0], network) == words


@pytest.mark.parametrize("pad", ["turn", "turn-in-doubt"])
@pytest.mark.parametrize("said", SILENT.values(), ids=SILENT.keys())
def test_turn_that_nothing_asks_for_is_refused(write: Write, pad: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(f'[[doors]]\npad = "{pad}"\n{said}{NAMED}'))
    message = refused.value.message
    assert "the door 'main' can't ask for a turn of the head" in message
    assert '`[[doors.outputs]]` with `signal = "turn-left"` and `pin = 5`' in message
    assert message.endswith("at `doors[0].pad`.")


def test_reader_that_cannot_ask_is_named(write: Write) -> None:
    with pytest.raises(ConfigError, match="at the reader other - wire two lamps"):
        load_settings(write(f'[[doors]]\npad = "turn"\n{OSDP}{TEXT}{OTHER_WAY_IN}'))


@pytest.mark.parametrize(("reader", "offered"), [(OSDP, True), (WIEGAND, True), (OTHER_WAY_IN, False)])
def test_patterns_are_offered_to_readers_that_show_them(write: Write, reader: str, offered: bool) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(f'[[doors]]\npad = "turn"\n{reader}'))
    assert ('`turn_left = "beep"` and `turn_right = "two-beeps"`' in refused.value.message) == offered


def test_turn_in_doubt_needs_a_network_of_this_door(write: Write) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(f'[[doors]]\npad = "turn-in-doubt"\n{LAMPS}'))
    assert "calibrate it at this door with `lintel pad record`" in refused.value.message
    assert pad_of(load_settings(write(f'[[doors]]\npad = "turn-in-doubt"\n{LAMPS}{NAMED}')).doors[0]) == "turn-in-doubt"


WRONG = {
    "one lamp": (LAMPS[: LAMPS.index("[[", 2)], "has a lamp turn-left and none for turn-right"),
    "one direction": (OSDP + 'turn_right = "text"\n', "has `turn_right` and no `turn_left`"),
    "directions alike": (OSDP + BEEPS.replace("two-beeps", "beep"), "shows both directions by 'beep'"),
    "reader that shows nothing": (OTHER_WAY_IN + BEEPS, "is a lines, which shows nothing"),
    "Wiegand without a buzzer": (WIEGAND + "led_pin = 25\n" + BEEPS, "no `buzzer_pin`, which 'beep' needs"),
    "Wiegand without an LED": (WIEGAND + "buzzer_pin = 25\n" + BLINKS, "no `led_pin`, which 'slow-blink' needs"),
    "Wiegand without a display": (WIEGAND + TEXT, "no display, which 'text' needs"),
    "pattern that is none": (OSDP + 'turn_left = "wink"\n', "expected one of"),
    "network that is a path": ('[pad]\nnetwork = "../x"\n', "`pad.network`"),
    "folder of networks that is relative": ('[pad]\nmodels_dir = "models"\n', "`pad.models_dir`"),
}


@pytest.mark.parametrize(("said", "message"), WRONG.values(), ids=WRONG.keys())
def test_prompt_that_cannot_be_shown_is_refused(write: Write, said: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write("[[doors]]\n" + said))
    assert message in refused.value.message


def test_screen_of_the_simulation_asks_for_turns() -> None:
    said = {"doors": [{"pad": "turn"}]}
    assert settings_in(said, screen=True).settings.doors[0].pad == "turn"
