"""What an OSDP reader is ordered to show, as values."""

import pytest

from device.readers.osdp.signals import Order, orders
from device.records import Signal
from device.settings.tables import TurnPrompt

LED, BUZZER, TEXT = 2, 3, 4
"""libosdp's CMD_ numbers."""


def shown(order: Order) -> tuple[object, ...]:
    """How often and for how many tenths of a second an LED or a buzzer is on, or a text."""
    words = order.words
    if words["command"] == TEXT:
        return (TEXT, words["data"])
    return (words["command"], words["on_count"], words.get("rep_count", words.get("timer_count")))


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("beep", [(BUZZER, 2, 1)]),
        ("two-beeps", [(BUZZER, 2, 2)]),
        ("slow-blink", [(LED, 5, 30), (BUZZER, 1, 1)]),
        ("fast-blink", [(LED, 1, 30), (BUZZER, 1, 1)]),
        ("text", [(LED, 2, 30), (BUZZER, 1, 1)]),
        (None, [(LED, 2, 30), (BUZZER, 1, 1)]),
    ],
)
def test_direction_is_asked_for_by_its_pattern_and_text(
    prompt: TurnPrompt | None, left: list[tuple[object, ...]]
) -> None:
    for signal, text in ((Signal.TURN_LEFT, "Turn your head left"), (Signal.TURN_RIGHT, "Turn your head right")):
        assert [shown(one) for one in orders(signal, prompt)] == [*left, (TEXT, text)]


@pytest.mark.parametrize("signal", [one for one in Signal if one not in (Signal.TURN_LEFT, Signal.TURN_RIGHT)])
def test_pattern_of_a_direction_changes_no_other_signal(signal: Signal) -> None:
    assert orders(signal, "beep") == orders(signal)
