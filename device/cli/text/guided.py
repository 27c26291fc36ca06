"""What a person is asked for while they are enrolled, for the operator who reads it to them."""

from typing import assert_never

from device.control.messages import Alive, Awaited, BadgeAdded, Enrolled, InTheWay, Paused, Progress, Requested
from device.policy.guidance import Asked, Hindered, Said

PAUSED = "  Another person is at the door with a badge; it goes on after that."


def said_line(said: Said) -> str:
    """What is said to the person."""
    match said:
        case Asked(kept, wanted, pose):
            return _request(kept, wanted, pose.value)
        case Hindered(reason):
            return f"  {reason.meaning} {reason.advice}"
        case _:
            assert_never(said)


def progress_line(part: Progress) -> str:
    """The same as it comes from the service; "" for what needs no word."""
    match part:
        case Requested(kept, wanted, _, words):
            return _request(kept, wanted, words)
        case InTheWay(_, words):
            return f"  {words}"
        case Awaited(within_s):
            return f"Present the badge at the reader within {within_s:.0f} s."
        case Paused():
            return PAUSED
        case Alive() | Enrolled() | BadgeAdded():
            return ""
        case _:
            assert_never(part)


def _request(kept: int, wanted: int, words: str) -> str:
    return f"{kept} of {wanted}. {words}"
