"""A stand-in for lgpio: a board without hardware."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any


class Lgpio(ModuleType):
    """Stands in for lgpio 0.2.2: writes down what is asked of the kernel, and can refuse.

    As the real one it takes a second claim of a pin as fulfilled and leaves the pin as it is.
    """

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    INPUT, OUTPUT, ALERT = 1 << 8, 1 << 9, 1 << 10
    IS_OUT = 1 << 1
    error = type("error", (Exception,), {})

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.asked: list[tuple[Any, ...]] = []
        self.refused: set[str | tuple[Any, ...]] = set()
        self.chips = {0: ("pinctrl-bcm2711", 58)}
        """(label, lines) of each GPIO chip, by its number."""
        self.imported_in: str | None = None
        self.readings = [1023] * 8
        """What the converter at SPI 0.0 measures, by its channels."""
        self._held: dict[int, int] = {}
        self._flags: dict[int, int] = {}
        self._levels: dict[int, int] = defaultdict(int)
        self._callbacks: list[tuple[int, Callable[[int, int, int, int], object]]] = []

    def _ask(self, what: str, *arguments: Any) -> None:
        self.asked.append((what, *arguments))
        if what in self.refused or (what, *arguments[1:2]) in self.refused:
            raise self.error("GPIO busy")

    def gpiochip_open(self, chip: int) -> int:
        """A handle that is 7 more than the number."""
        self._ask("open", chip)
        if chip not in self.chips:
            raise self.error("can not open gpiochip")
        return 7 + chip

    def gpio_get_chip_info(self, handle: int) -> tuple[int, int, str, str]:
        label, lines = self.chips[handle - 7]
        return 0, lines, f"gpiochip{handle - 7}", label

    def gpiochip_close(self, handle: int) -> None:
        self._ask("close", handle)
        self._held.clear()

    def gpio_claim_input(self, handle: int, pin: int, flags: int = 0) -> None:
        self._ask("input", handle, pin, flags)
        if self._held.get(pin) != self.INPUT:
            self._hold(pin, self.INPUT, flags)

    def gpio_claim_output(self, handle: int, pin: int, level: int = 0, _flags: int = 0) -> None:
        self._ask("output", handle, pin, level)
        if self._held.get(pin) != self.OUTPUT:
            self._hold(pin, self.OUTPUT, self.IS_OUT)
            self._levels[pin] = level

    def gpio_claim_alert(self, handle: int, pin: int, edges: int, flags: int = 0, _notify: int | None = None) -> None:
        self._ask("alert", handle, pin, edges)
        self._hold(pin, self.ALERT, flags)

    def gpio_free(self, handle: int, pin: int) -> None:
        self._ask("free", handle, pin)
        if pin not in self._held:
            raise self.error("GPIO not allocated")
        del self._held[pin]
        self._flags.pop(pin)

    def gpio_write(self, handle: int, pin: int, level: int) -> None:
        self._ask("write", handle, pin, int(level))
        self._hold(pin, self.OUTPUT, self.IS_OUT)
        self._levels[pin] = int(level)

    def gpio_read(self, handle: int, pin: int) -> int:
        if "read" in self.refused:
            self._ask("read", handle, pin)
        return self._levels[pin]

    def gpio_get_mode(self, _handle: int, pin: int) -> int:
        return self._held.get(pin, 0) | self._flags.get(pin, 0)

    def callback(
        self, _handle: int, pin: int, _edge: int, tell: Callable[[int, int, int, int], object]
    ) -> SimpleNamespace:
        registered = (pin, tell)
        self._callbacks.append(registered)
        return SimpleNamespace(cancel=lambda: self._callbacks.remove(registered))

    def change(self, pin: int, level: int, at_ns: int = 0) -> None:
        """What a wire does: the pin's level from now on, told to whoever listens."""
        self._levels[pin] = level
        for listened, tell in list(self._callbacks):
            if listened == pin:
                tell(7, pin, level, at_ns)

    def spi_open(self, device: int, channel: int, baud: int, _flags: int = 0) -> int:
        self._ask("spi", device, channel, baud)
        return 3

    def spi_close(self, handle: int) -> None:
        self._ask("spi-close", handle)

    def spi_xfer(self, handle: int, data: Sequence[int]) -> tuple[int, bytes]:
        self._ask("spi-transfer", handle, tuple(data))
        reading = self.readings[data[1] >> 4 & 7]
        return 3, bytes([0, reading >> 8, reading & 0xFF])

    def held(self, pin: int) -> int | None:
        """What a pin is held as."""
        return self._held.get(pin)

    def pull(self, pin: int) -> int:
        """The pull resistor of a pin."""
        return self._flags.get(pin, 0) & (self.SET_PULL_NONE | self.SET_PULL_UP | self.SET_PULL_DOWN)

    def levels(self, pin: int | None = None) -> list[int]:
        """What the pins, or one of them, were driven to."""
        driven = [call for call in self.asked if call[0] in ("output", "write")]
        return [call[3] for call in driven if pin in (None, call[2])]

    def _hold(self, pin: int, kind: int, flags: int) -> None:
        self._held[pin], self._flags[pin] = kind, flags
