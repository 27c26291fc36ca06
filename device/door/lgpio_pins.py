"""gpiozero's lgpio pins, mended for a lock in three places. Imports lgpio, so only `gpio.board_factory` imports this.

gpiozero 2.0.1 makes a pin an output at low level and then sets its level: an active-low relay fires for an instant. And
closing makes it a floating input, as does taking it. Here the level comes with the direction, a closed pin keeps its
last level, and a pin that is taken keeps its own until it is given one.
"""

import threading
from typing import Any

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin


class LockPin(LGPIOPin):  # type: ignore[misc]  # gpiozero is untyped
    """A pin that goes straight to its level and stays there."""

    def __init__(self, factory: Any, info: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
        """As gpiozero's, without a moment as an input: a pin that was left secure stays so."""
        super(LGPIOPin, self).__init__(factory, info)
        self._pwm = None
        self._bounce = None
        self._callback = None
        self._edges = lgpio.BOTH_EDGES

    def output_with_state(self, state: bool) -> None:
        """Makes the pin an output at `state` in one request to the kernel."""
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))  # noqa: SLF001 - gpiozero offers no other way

    def close(self) -> None:
        """Leaves the pin as it is; the kernel takes it back when the chip is closed."""


def factory() -> Any:  # noqa: ANN401 - gpiozero is untyped
    """A factory of `LockPin`s on this board's GPIO chip."""
    made = LGPIOFactory()
    made.pin_class = LockPin
    made._res_lock = threading.RLock()  # noqa: SLF001 - gpiozero's own lock deadlocks with its __del__
    return made
