"""gpiozero's lgpio pins, fixed for use on a lock. Imports lgpio, so only `gpio.board_factory` imports this.

What gpiozero 2.0.1 and lgpio 0.2.2 do, and what is done here:

- A pin that is taken becomes a floating input, then an output at low level, and then gets its level: an active-low
  relay fires for an instant. Here it keeps what it was until it is given something, and its level with its direction.
- lgpio takes a second claim of an output as fulfilled and leaves its level. Here it is written.
- A pin that is closed becomes a floating input. Here an output keeps its last level, and never becomes an input.
- An exception in a callback ends lgpio's one thread for the edges of all pins. Here it is told, and the thread lives.
- The lock on gpiozero's reservations deadlocks with its own `__del__`. Here it is re-entrant.
- A chip is opened by its number, which may be another chip's. Here it was found by its label.
- A shared SPI bus that is closed and collected later takes its successor off the list. Here it does not.
"""

import sys
import threading
from typing import Any

import lgpio
from gpiozero import PinFixedPull, PinInvalidFunction, PinInvalidPull
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOHardwareSPIShared, LGPIOPin

from device.door.wires.chip import OpenChip

HELD_AS_OUTPUT = LGPIOPin.GPIO_IS_LG_OUTPUT
HELD_AS_INPUT = LGPIOPin.GPIO_IS_LG_INPUT | LGPIOPin.GPIO_IS_LG_ALERT


class LockPin(LGPIOPin):  # type: ignore[misc]  # gpiozero is untyped
    """A pin that goes straight to its level and stays there, or an input that stays one."""

    PULLS = {"up": lgpio.SET_PULL_UP, "down": lgpio.SET_PULL_DOWN, "floating": lgpio.SET_PULL_NONE}  # noqa: RUF012

    def __init__(self, factory: Any, info: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
        """As gpiozero's, without a moment as an input: a pin that was left secure stays so."""
        super(LGPIOPin, self).__init__(factory, info)
        self._pwm = None
        self._bounce = None
        self._callback = None
        self._edges = lgpio.BOTH_EDGES

    def output_with_state(self, state: bool) -> None:
        """Makes the pin an output at `state` in one request to the kernel; one that is an output gets that level."""
        if self._held_as() & HELD_AS_OUTPUT:
            lgpio.gpio_write(self._handle, self._number, int(state))
        else:
            lgpio.gpio_claim_output(self._handle, self._number, int(state))

    def input_with_pull(self, pull: str) -> None:
        """Makes the pin an input with its pull resistor in one request to the kernel."""
        self._refuse_if_driven()
        self._refuse_wrong(pull)
        if self._held_as() & HELD_AS_INPUT:  # lgpio takes a second claim as fulfilled, whatever its resistor
            lgpio.gpio_free(self._handle, self._number)
        lgpio.gpio_claim_input(self._handle, self._number, self.PULLS[pull])

    def close(self) -> None:
        """Leaves an output as it is, until the chip is closed; gives an input back."""
        if self._handle is not None and self._held_as() & HELD_AS_INPUT:
            self.when_changed = None
            lgpio.gpio_free(self._handle, self._number)

    @property
    def _handle(self) -> Any:  # noqa: ANN401
        return self.factory._handle  # noqa: SLF001 - gpiozero offers no other way

    def _held_as(self) -> int:
        """What this process has claimed the pin as."""
        return int(lgpio.gpio_get_mode(self._handle, self._number))

    def _set_function(self, value: str) -> None:
        if value == "input":
            self._refuse_if_driven()
        super()._set_function(value)

    def _set_pull(self, value: str) -> None:
        self.input_with_pull(value)

    def _refuse_if_driven(self) -> None:
        if self._held_as() & HELD_AS_OUTPUT:
            raise PinInvalidFunction(f"{self!r} is driven, and would float as an input")

    def _refuse_wrong(self, pull: str) -> None:
        if pull not in self.PULLS:
            raise PinInvalidPull(f'invalid pull "{pull}" for pin {self!r}')
        if self.info.pull not in (pull, ""):
            raise PinFixedPull(f"{self!r} has a physical pull-{self.info.pull} resistor")

    def _call_when_changed(self, *edge: int) -> None:
        try:
            super()._call_when_changed(*edge)
        except Exception:
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))


class Converter(LGPIOHardwareSPIShared):  # type: ignore[misc]  # gpiozero is untyped
    """The SPI bus that the channels of a converter share."""

    def __del__(self) -> None:
        """Once it is closed it is no longer the one that is shared."""
        if not self.closed:
            super().__del__()


class LockFactory(LGPIOFactory):  # type: ignore[misc]  # gpiozero is untyped
    """The pins of a GPIO chip, as `LockPin`s."""

    def __init__(self, opened: OpenChip) -> None:
        """Takes the chip over that was found open, as a number opened again may be another chip by then."""
        super(LGPIOFactory, self).__init__()
        self._handle, self._chip = opened.handle, opened.number
        self.board = opened.chip
        self.pin_class = LockPin
        self._res_lock = threading.RLock()

    def _get_spi_class(self, shared: bool, hardware: bool) -> Any:  # noqa: ANN401
        return Converter if shared and hardware else super()._get_spi_class(shared, hardware)
