"""Releases the strike for a bounded time, and secures it whatever happens."""

from device.ports import Clock, DoorIO

MAX_STRIKE_TIME_S = 10.0


def pulse(door: DoorIO, clock: Clock, strike_time_s: float) -> None:
    """Releases the door for `strike_time_s`, at most `MAX_STRIKE_TIME_S`, then secures it.

    A request to stop shortens the pulse, and an error or a signal ends it. Raises `DoorError`.
    """
    try:
        door.release()
        clock.sleep(min(max(strike_time_s, 0.0), MAX_STRIKE_TIME_S))
    finally:
        door.secure()
