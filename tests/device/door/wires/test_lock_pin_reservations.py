"""Pins are given back while others are reserved: Python may collect a forgotten device at any moment."""

import threading

from gpiozero import DigitalOutputDevice

from device.door.wires.chip import find_chip
from device.door.wires.gpio import board_factory
from tests.device.lgpio import Lgpio
from tests.waiting import PATIENCE_S


def test_device_closed_during_a_reservation_does_not_hang(lgpio: Lgpio) -> None:
    """gpiozero's own lock deadlocks when `__del__` closes a device in the thread that reserves pins."""
    factory = board_factory()
    device = DigitalOutputDevice(17, pin_factory=factory)

    def collect_while_reserving() -> None:
        with factory._res_lock:
            device.close()

    thread = threading.Thread(target=collect_while_reserving, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert (thread.is_alive(), device.closed, lgpio.levels(17)) == (False, True, [0])


def test_chip_that_was_only_looked_for_is_closed_again(lgpio: Lgpio) -> None:
    find_chip()
    assert [call for call in lgpio.asked if call[0] in ("open", "close")] == [("open", 0), ("close", 7)]
