"""Pins are taken one by one, and whatever fails is named with its pin and its use."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from device import failures
from device.errors import DoorError

HINT = (
    "Check the pin in the settings, and that nothing else uses it: `gpioinfo` shows what does, "
    "`sudo systemctl stop lintel` frees the service's pins."
)


class Closable(Protocol):
    """What can be given back."""

    def close(self) -> None:
        """Gives it back; harmless when repeated."""


Claimed = TypeVar("Claimed", bound=Closable)


def named(what: str, *, hint: str = HINT) -> contextlib.AbstractContextManager[None]:
    """Turns what a pin library raises into a `DoorError`: "Cannot `what`: why." Their errors have no common root."""
    return failures.named(DoorError, f"Cannot {what}", hint=hint, quoted=True)


def claim_all(claims: Iterable[Callable[[], Claimed]]) -> list[Claimed]:
    """All of them, or none. Raises one `DoorError` for all that failed, so that one visit fixes them all."""
    claimed: list[Claimed] = []
    errors: list[DoorError] = []
    for claim in claims:
        with collected(errors):
            claimed.append(claim())
    if errors:
        for one in claimed:
            one.close()
        raise all_of(errors)
    return claimed


@contextlib.contextmanager
def collected(errors: list[DoorError]) -> Iterator[None]:
    """Goes on after a `DoorError`, which is kept in `errors`."""
    try:
        yield
    except DoorError as error:
        errors.append(error)


def all_of(errors: list[DoorError]) -> DoorError:
    """One error that says what several say."""
    if len(errors) == 1:
        return errors[0]
    hints = dict.fromkeys(error.hint for error in errors)
    return DoorError(" ".join(error.message for error in errors), hint=" ".join(hints))
