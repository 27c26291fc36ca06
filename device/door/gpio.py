"""The relay of the strike on a GPIO pin, through gpiozero."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gpiozero import DigitalOutputDevice

from device.config import DoorSettings
from device.errors import DoorError

DEVICES = Path("/dev")


class Relay:
    """`DoorIO` on one pin. The pin is driven to "secure" in the same step that makes it an output."""

    def __init__(self, settings: DoorSettings, factory: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
        """Raises `DoorError` if the pin cannot be taken."""
        self._pin = settings.pin
        with self._named("take"):
            self._device = DigitalOutputDevice(
                settings.pin, active_high=settings.active_high, initial_value=False, pin_factory=factory
            )

    def release(self) -> None:
        """Lets the door be opened."""
        with self._named("release"):
            self._device.on()

    def secure(self) -> None:
        """Locks the door."""
        with self._named("secure"):
            self._device.off()

    def close(self) -> None:
        """Locks the door and gives the pin back."""
        if not self._device.closed:
            self.secure()
            self._device.close()

    @contextlib.contextmanager
    def _named(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # gpiozero's and each pin library's errors have no common root
            raise DoorError(
                f"Cannot {what} the relay on GPIO {self._pin}: {str(error).strip() or type(error).__name__}.",
                hint="Check `door.pin` in the settings and that no other program uses the pin (`gpioinfo`).",
            ) from error


def secure_all(relays: Iterable[DoorSettings]) -> None:
    """Secures each relay on this board, also if another cannot be. Raises `DoorError`."""
    factory = board_factory()
    with contextlib.ExitStack() as stack:
        for relay in relays:
            stack.callback(_secure, relay, factory)


def _secure(relay: DoorSettings, factory: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
    Relay(relay, factory).close()


def board_factory() -> Any:  # noqa: ANN401 - gpiozero is untyped
    """The pin factory of the Raspberry Pi this runs on. Raises `DoorError`; never falls back to another."""
    if not any(DEVICES.glob("gpiochip*")):
        raise DoorError(
            "There is no GPIO chip on this machine (no /dev/gpiochip*), so there is no relay to drive.",
            hint="Run this on a Raspberry Pi, or try `lintel simulate`, which needs no hardware.",
        )
    try:
        # lgpio makes a FIFO in the folder where it is imported, and fails where it may not.
        with TemporaryDirectory(prefix="lintel-") as folder, contextlib.chdir(folder):
            from device.door.lgpio_pins import factory
    except ImportError:
        raise DoorError(
            "The package lgpio is not installed, which drives the GPIO pins.",
            hint="pip install 'lintel[pi]'",
        ) from None
    try:
        return factory()
    except Exception as error:  # lgpio raises its own, OSError, or gpiozero's
        raise DoorError(
            f"Cannot open the GPIO chip: {str(error).strip() or type(error).__name__}.",
            hint="Add this user to the group gpio, and see that a Raspberry Pi's GPIO is what /dev/gpiochip0 is.",
        ) from error
