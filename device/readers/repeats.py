"""A card that stays on its reader is said again and again; it is one badge."""

import math

REPEAT_TIME_S = 1.0
"""A card that was not seen for longer than this comes anew."""


class Repeats:
    """Tells a card that stays from one that comes. Any other card in between makes it come anew."""

    def __init__(self) -> None:
        self._card: object = None
        self._seen_at = -math.inf

    def stays(self, card: object, at: float) -> bool:
        """Whether the card seen `at` this time is the one of just before."""
        same, self._card = card == self._card, card
        recent, self._seen_at = at - self._seen_at <= REPEAT_TIME_S, at
        return same and recent

    def forget(self) -> None:
        """The card comes anew when it is seen again."""
        self._seen_at = -math.inf
