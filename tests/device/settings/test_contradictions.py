"""Settings that are each right and do not fit together."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ConfigError
from device.settings.loading import load_settings

Write = Callable[[str], Path]
READERS, INPUTS, OUTPUTS = "[[doors.readers]]\n", "[[doors.inputs]]\n", "[[doors.outputs]]\n"
FRONT = "[[doors]]\n"
BACK = '[[doors]]\nname = "back"\npin = 4\ncamera = "back"\n[[doors.readers]]\nname = "back"\n'
BACK_CAMERA = '[[cameras]]\n[[cameras]]\nname = "back"\nsource = "1"\n'
CONTRADICTIONS = {
    "too dark and too bright": (
        "[vision]\nmin_brightness = 206.0",
        "`vision.min_brightness` is 206.0, above `vision.max_brightness`, 205.0",
    ),
    "too bright and too dark": (
        "[vision]\nmax_brightness = 39",
        "`vision.min_brightness` is 40.0, above `vision.max_brightness`, 39.0",
    ),
    "relative folder": ('[store]\nstate_dir = "lintel"', "expected an absolute path, received 'lintel'"),
    "somebody's home": ('[store]\nstate_dir = "~/lintel"', "expected an absolute path, received '~/lintel'"),
    "doors of one name": (
        "[[doors]]\n[[doors]]\npin = 4",
        "2 doors are called 'main', give each a `name` of its own - at `doors[0].name` and `doors[1].name`",
    ),
    "relays on one pin": (
        FRONT + BACK.replace("pin = 4", "pin = 17") + BACK_CAMERA,
        "GPIO 17 is used twice, by the relay of door main (`doors[0].pin`) "
        "and by the relay of door back (`doors[1].pin`)",
    ),
    "readers of one name": (
        FRONT + READERS + READERS,
        "2 readers are called 'reader', give each a `name` of its own - at `doors[0].readers[0].name` and "
        "`doors[0].readers[1].name`",
    ),
    "readers of one name at two doors": (
        FRONT + '[[doors]]\nname = "back"\npin = 4',
        "2 readers are called 'reader', give each a `name` of its own - at `doors[0].readers[0].name` and "
        "`doors[1].readers[0].name`",
    ),
    "cameras of one name": ('[[cameras]]\n[[cameras]]\nsource = "1"', "at `cameras[0].name` and `cameras[1].name`"),
    "input to nowhere": (
        FRONT + INPUTS + 'signal = "dps"',
        "the input dps needs a `pin` or a `channel`, one of them - at `doors[0].inputs[0]`",
    ),
    "input to two places": (
        FRONT + INPUTS + 'signal = "dps"\npin = 4\nchannel = 0',
        "the input dps needs a `pin` or a `channel`, one of them - at `doors[0].inputs[0]`",
    ),
    "input on the relay": (
        FRONT + INPUTS + 'signal = "rex"\npin = 17',
        "GPIO 17 is used twice, by the relay of door main (`doors[0].pin`) and by input rex of door main "
        "(`doors[0].inputs[0].pin`)",
    ),
    "output on the relay": (
        FRONT + OUTPUTS + 'signal = "siren"\npin = 17',
        "by the relay of door main (`doors[0].pin`) and by output siren of door main (`doors[0].outputs[0].pin`)",
    ),
    "relay on the SPI bus": (
        FRONT + "pin = 8\n" + INPUTS + 'signal = "rex"\nchannel = 0',
        "GPIO 8 is used twice, by the relay of door main (`doors[0].pin`) and by the SPI bus of supervised inputs "
        "(`doors[0].inputs[0].channel`)",
    ),
    "inputs on one channel": (
        FRONT + INPUTS + 'signal = "rex"\nchannel = 0\n' + INPUTS + 'signal = "dps"\nchannel = 0',
        "channel 0 is used twice, by input rex of door main (`doors[0].inputs[0].channel`) and by input dps of "
        "door main (`doors[0].inputs[1].channel`)",
    ),
    "reader on one pin": (
        FRONT + READERS + "data0_pin = 5\ndata1_pin = 5",
        "by data0_pin of reader reader (`doors[0].readers[0].data0_pin`) and by data1_pin of reader reader",
    ),
    "LED and buzzer on one pin": (
        FRONT + READERS + "led_pin = 6\nbuzzer_pin = 6",
        "by led_pin of reader reader (`doors[0].readers[0].led_pin`) and by buzzer_pin of reader reader",
    ),
    "data wire on the relay": (
        FRONT + READERS + "data1_pin = 17",
        "by the relay of door main (`doors[0].pin`) and by data1_pin of reader reader",
    ),
    "mantrap without switches": (
        "[access]\ninterlock = true",
        "needs two doors or more, each with an input `dps`, and there is none at main",
    ),
    "mantrap of one door": (
        FRONT + INPUTS + 'signal = "dps"\npin = 5\n[access]\ninterlock = true',
        "needs two doors or more, each with an input `dps`, and there is one door",
    ),
    "keypad of another protocol": (
        FRONT + READERS + 'kind = "wiegand"\nkeypad = "keys"',
        "whose keypad is one of `none`, `4-bit`, `8-bit`, `26-bit`, received 'keys'",
    ),
    "keypad at a reader of tags": (
        FRONT + READERS + 'kind = "rdm6300"\nkeypad = "4-bit"',
        "whose keypad is one of `none`, received '4-bit'",
    ),
    "facility code of no keypad": (
        FRONT + READERS + 'kind = "wiegand"\nkeypad = "8-bit"\nkeypad_facility = 3',
        'expected `keypad = "26-bit"` beside it - at `doors[0].readers[0].keypad_facility`',
    ),
    "mantrap half blind": (
        FRONT + INPUTS + 'signal = "dps"\npin = 5\n' + BACK + BACK_CAMERA + "[access]\ninterlock = true",
        "each with an input `dps`, and there is none at back",
    ),
}


@pytest.mark.parametrize(("content", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_contradiction_is_refused_with_its_places(write: Write, content: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(content))
    assert said in refused.value.message


def test_two_doors_fit_together(write: Write) -> None:
    settings = load_settings(write(FRONT + BACK + BACK_CAMERA))
    assert [reader.name for reader in settings.readers] == ["reader", "back"]
