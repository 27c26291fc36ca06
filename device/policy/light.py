"""How much stricter a face is compared where a camera sees by infrared: between the settings and a comparison."""

from typing import Literal, assert_never

INFRARED_SHARE = 0.5
"""Of the target rate, for pictures without colors: two of them match falsely 1.7 times as often at one threshold.

Chosen on one half of LFW's people in shades of gray, and held on the other: `benchmarks/shades_of_gray.py`.
"""


def share_in(light: Literal["visible", "infrared"]) -> float:
    """At which share of the target rate faces match that a camera saw by this light."""
    match light:
        case "visible":
            return 1.0
        case "infrared":
            return INFRARED_SHARE
        case _:
            assert_never(light)
