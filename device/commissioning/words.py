"""What an installer does, sees and hears at each wire of a door: the words of `lintel hardware test`."""

from dataclasses import dataclass
from typing import assert_never

from device.records import DoorInput, DoorOutput
from device.settings.tables import DoorSettings, InputSettings, OutputSettings


@dataclass(frozen=True, slots=True)
class OutputWords:
    """An output: what happens while it is on, and what to ask afterwards."""

    expected: str
    question: str


@dataclass(frozen=True, slots=True)
class InputWords:
    """An input: what makes it active, and what makes it quiet again."""

    do: str
    undo: str


STRIKE = OutputWords(
    "the lock lets the door be opened, with a click or a hum, and locks it again.",
    "Could the door be opened, and is it locked again now?",
)


def output_words(output: DoorOutput) -> OutputWords:
    """What is seen or heard of an output."""
    match output:
        case DoorOutput.SHUNT:
            return OutputWords("the alarm panel shows this door as bypassed.", "Did the alarm panel show it?")
        case DoorOutput.LED:
            return OutputWords("the door's LED is lit.", "Was it lit, and is it dark now?")
        case DoorOutput.BUZZER:
            return OutputWords("the door's buzzer sounds.", "Did it sound, and is it silent now?")
        case DoorOutput.SIREN:
            return OutputWords("the siren sounds. Mind your ears.", "Did it sound, and is it silent now?")
        case DoorOutput.LAMP:
            return OutputWords("the lamp of the released strike is lit.", "Was it lit, and is it dark now?")
        case DoorOutput.TURN_LEFT:
            return _turn_lamp("left")
        case DoorOutput.TURN_RIGHT:
            return _turn_lamp("right")
        case DoorOutput.DURESS:
            return OutputWords("what is wired for duress is on.", "Was it on, and is it off now?")
        case _:
            assert_never(output)


def _turn_lamp(side: str) -> OutputWords:
    return OutputWords(f"the {side} lamp is lit, as you see it in front of the camera.", "Was it that one, alone?")


def input_words(sensed: DoorInput) -> InputWords:
    """What an installer does about an input."""
    match sensed:
        case DoorInput.REX:
            return InputWords("Press the exit button and hold it.", "Let the exit button go.")
        case DoorInput.DPS:
            return InputWords("Open the door.", "Close the door.")
        case DoorInput.STRIKE_FEEDBACK:
            return InputWords("Unlock the lock, by its key or its handle.", "Lock it again.")
        case DoorInput.TAMPER:
            return InputWords("Open the housing.", "Close the housing.")
        case DoorInput.POWER_FAIL:
            return InputWords("Switch the mains of the power supply off.", "Switch the mains on again.")
        case DoorInput.FIRE:
            return InputWords("Trigger the fire panel.", "Reset the fire panel.")
        case DoorInput.LOCKDOWN:
            return InputWords("Turn the lockdown switch on.", "Turn the lockdown switch off.")
        case _:
            assert_never(sensed)


def place_of(wire: DoorSettings | InputSettings | OutputSettings) -> str:
    """Where a wire is connected."""
    if isinstance(wire, InputSettings) and wire.channel is not None:
        return f"channel {wire.channel}"
    return f"GPIO {wire.pin}"
