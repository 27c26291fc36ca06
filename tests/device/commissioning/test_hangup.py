"""A command that drives something ends in order, however it is ended."""

import signal
from contextlib import suppress

import pytest

from device.commissioning.hangup import NUMBERS, hangup_interrupts


def interrupted(number: int) -> None:
    with hangup_interrupts():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP])
def test_every_ending_signal_is_an_interrupt_that_secures(number: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(number)


def test_signals_are_given_back() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    with hangup_interrupts():
        pass
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_second_signal_does_not_interrupt_the_securing() -> None:
    secured = []
    with suppress(KeyboardInterrupt), hangup_interrupts():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            for number in NUMBERS:
                signal.raise_signal(number)
            secured.append(True)
    assert secured
