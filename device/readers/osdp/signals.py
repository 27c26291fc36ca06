"""How an OSDP reader shows a signal: LED, buzzer and text, in libosdp's words. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, assert_never

from device.readers.osdp.frames import Command
from device.records import Signal
from device.settings.tables import TurnPrompt


class Color(IntEnum):
    """libosdp's colors of an LED."""

    NONE = 0
    RED = 1
    GREEN = 2
    AMBER = 3


@dataclass(frozen=True, slots=True)
class Order:
    """A command, and what a reader must be able to do to be given it: one of libosdp's CAP_ numbers."""

    capability: int
    code: Command
    words: Mapping[str, Any]


_LED, _BUZZER, _TEXT = 4, 5, 6
_NEEDED = {
    "text": (_TEXT, "display"),
    "beep": (_BUZZER, "buzzer"),
    "two-beeps": (_BUZZER, "buzzer"),
    "slow-blink": (_LED, "LED"),
    "fast-blink": (_LED, "LED"),
}
"""What a reader has to have to ask for a turn of the head so."""


def orders(signal: Signal, prompt: TurnPrompt | None = None) -> tuple[Order, ...]:
    """What makes a reader show a signal, a direction by `prompt`. Times in tenths of a second, as OSDP has them.

    The LED is red by itself, for a locked door, and shows whatever else there is for a while only: a reader whose line
    is cut does not go on saying something that is not so any more.
    """
    match signal:
        case Signal.READY:
            return (_steady(Color.RED), _end_of_blinking(), _quiet())
        case Signal.LOOK:
            return (_blinking(Color.AMBER, Color.NONE, 5, 100), _beeps(1, 1), _words("Look at camera", 10))
        case Signal.TURN_LEFT:
            return (*_asking(prompt), _words("Turn your head left", 3))
        case Signal.TURN_RIGHT:
            return (*_asking(prompt), _words("Turn your head right", 3))
        case Signal.WAITING:
            return (_blinking(Color.AMBER, Color.GREEN, 5, 150), _beeps(2, 1), _words("Second person?", 15))
        case Signal.GRANTED:
            return (_blinking(Color.GREEN, Color.GREEN, 5, 30), _beeps(1, 3), _words("Welcome", 3))
        case Signal.DENIED:
            return (_blinking(Color.RED, Color.NONE, 2, 20), _beeps(3, 1), _words("Denied", 3))
        case Signal.ALARM:
            return (_blinking(Color.RED, Color.AMBER, 2, 250), _beeps(25, 5), _words("Alarm", 25))
        case _:
            assert_never(signal)


def lacking(prompts: Iterable[TurnPrompt | None], can: Callable[[int], bool]) -> str:
    """What a reader lacks of what the settings have it ask for a turn of the head by, in words; "" if nothing. `can`
    says whether it has one of libosdp's CAP_ numbers.
    """
    for prompt in prompts:
        needed = _NEEDED.get(prompt or "")
        if needed is not None and not can(needed[0]):
            return f'it has no {needed[1]}, so it can\'t ask for a turn of the head by "{prompt}", as the settings say'
    return ""


def _asking(prompt: TurnPrompt | None) -> tuple[Order, ...]:
    """By which a person can tell the directions apart, but for the text, which any reader with a display has besides.
    A pattern of the buzzer has it for itself; one of the LED, which blinks already, begins with a beep.
    """
    match prompt:
        case "beep":
            return (_beeps(1, 2),)
        case "two-beeps":
            return (_beeps(2, 2),)
        case "slow-blink":
            return (_blinking(Color.AMBER, Color.NONE, 5, 30), _beeps(1, 1))
        case "fast-blink":
            return (_blinking(Color.AMBER, Color.NONE, 1, 30), _beeps(1, 1))
        case "text" | None:
            return (_blinking(Color.AMBER, Color.NONE, 2, 30), _beeps(1, 1))
        case _:
            assert_never(prompt)


def _steady(color: Color) -> Order:
    return _led(temporary=False, control_code=1, on_color=color, off_color=color, on_count=1, off_count=0)


def _end_of_blinking() -> Order:
    return _led(temporary=True, control_code=1, on_color=0, off_color=0, on_count=0, off_count=0, timer_count=0)


def _blinking(on: Color, off: Color, count: int, time: int) -> Order:
    return _led(
        temporary=True,
        control_code=2,
        on_color=on,
        off_color=off,
        on_count=count,
        off_count=count,
        timer_count=time,
    )


def _led(**words: int) -> Order:
    return Order(_LED, Command.LED, {"command": 2, "reader": 0, "led_number": 0, **words})


def _beeps(count: int, time: int) -> Order:
    return _buzzer(control_code=2, on_count=time, off_count=time, rep_count=count)


def _quiet() -> Order:
    return _buzzer(control_code=1, on_count=0, off_count=0, rep_count=0)


def _buzzer(**words: int) -> Order:
    return Order(_BUZZER, Command.BUZ, {"command": 3, "reader": 0, **words})


def _words(text: str, time_s: int) -> Order:
    """A text that goes away by itself."""
    words = {"command": 4, "reader": 0, "control_code": 3, "temp_time": time_s, "offset_row": 1, "offset_col": 1}
    return Order(_TEXT, Command.TEXT, {**words, "data": text})


def status_request() -> Mapping[str, Any]:
    """Asks whether the reader is tampered with, and has power."""
    return {"command": 9, "type": 2}
