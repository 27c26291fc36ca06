"""Drives a door's outputs as its controller says, again while they matter, and reports the outcome."""

from contextlib import suppress

from device.failures import in_words
from device.ports import DoorIO
from device.records import DriveFailed, DriveMended, Outputs

RENEW_S = 0.5
"""How often a released strike is driven again, as its guard wants it (`relay_guard.PET_S`), and what could not be
driven is tried again. A fault lasts at least as long.
"""
_INSTANT_S = 1e-6


class Drive:
    """The outputs of one door. Not for several threads at once."""

    def __init__(self, io: DoorIO) -> None:
        self._io = io
        self._wanted: Outputs | None = None
        self._tried_at = 0.0
        self._failed_at: float | None = None
        self._has_failed = False

    @property
    def is_released(self) -> bool:
        """Whether the strike was to be released, and nothing failed."""
        return self._wanted is not None and self._wanted.released and self._failed_at is None

    @property
    def did_release(self) -> bool:
        """Whether the strike was to be released, and was driven so the last time."""
        return self._wanted is not None and self._wanted.released and not self._has_failed

    def to(self, wanted: Outputs, now: float) -> DriveFailed | DriveMended | None:
        """Drives `wanted` if that is new, or due again; what the controller has to know of it.

        A failure counts as fixed once it has been driven without error `RENEW_S` later.
        """
        if wanted == self._wanted and not (self._is_renewed and _is_over(now - self._tried_at)):
            return None
        self._wanted, self._tried_at = wanted, now
        failure = self._failure(wanted)
        self._has_failed = failure is not None
        was_failing = self._failed_at is not None
        if failure is not None:
            self._failed_at = now
            return None if was_failing else DriveFailed(failure)
        if self._failed_at is not None and _is_over(now - self._failed_at):
            self._failed_at = None
            return DriveMended()
        return None

    def secure(self) -> None:
        """Drives everything to its safe state, whatever was wanted before; a failure is found the next time."""
        self._wanted, self._has_failed = None, False
        with suppress(Exception):
            self._io.drive(Outputs())
            self._wanted = Outputs()

    def leave(self) -> None:
        """Has the strike stay released when the wires are given back, and all else off; secures if that fails."""
        try:
            self._io.drive(Outputs(released=True, stays=True))
        except Exception:  # it is secured whatever a pin library comes up with
            self.secure()

    def deadline(self) -> float | None:
        """When to drive again, in seconds on the clock."""
        return self._tried_at + RENEW_S if self._is_renewed else None

    @property
    def _is_renewed(self) -> bool:
        return self._failed_at is not None or (self._wanted is not None and self._wanted.released)

    def _failure(self, wanted: Outputs) -> str | None:
        try:
            self._io.drive(wanted)
        except Exception as error:  # a door is secured whatever a pin library comes up with
            return in_words(error, quoted=True)
        return None


def _is_over(elapsed_s: float) -> bool:
    """A clock that was set back counts as far as one that went on."""
    return not abs(elapsed_s) < RENEW_S - _INSTANT_S
