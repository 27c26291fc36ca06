"""Stands in for `lintel run` on the emulated Pi: a pulse through Lintel's pins that it does not live to end."""

import os
import socket
import time
import tomllib
from pathlib import Path

from gpiozero import DigitalOutputDevice

PULSE_S = 600


def main() -> None:
    """Takes the pin secure, tells systemd, releases."""
    from device.door.wires.chip import lgpio_of_board, open_chip
    from device.door.wires.lgpio_pins import LockFactory

    door = tomllib.loads(Path("/etc/lintel/lintel.toml").read_text())["door"]
    pins = LockFactory(open_chip(lgpio_of_board()))
    relay = DigitalOutputDevice(door["pin"], active_high=door["active_high"], initial_value=False, pin_factory=pins)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
    relay.on()
    time.sleep(PULSE_S)


if __name__ == "__main__":
    main()
