"""How a long job tells a person where it is: one line at a time, to whoever listens."""

from collections.abc import Callable

Progress = Callable[[str], None]


def silent(_line: str) -> None:
    """Nobody listens."""
