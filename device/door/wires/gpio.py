"""A door's wires on GPIO pins, through gpiozero: the strike's relay, what else is driven, and what is sensed."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from gpiozero import DigitalOutputDevice

from device.door.wires.chip import Chip, level_of, lgpio_of_board, open_chip, relay_use
from device.door.wires.inputs import Inputs
from device.door.wires.pin_errors import all_of, claim_all, collected, named
from device.door.wires.relay_guard import LAST_RESORT_S, PET_S, LastResort, RelayGuard
from device.door.wires.timekeeper import Timekeeper
from device.errors import DoorError
from device.ports import Clock
from device.records import DoorInput, InputChanged, Line, Outputs
from device.settings.lock import LockSettings
from device.settings.tables import DoorSettings, OutputSettings

__all__ = ["BoardIO", "OutputWire", "Relay", "board_factory", "chip_of", "level_of", "open_board_io"]

LOCK_TIME_S = 0.5
"""After this time a strike is secured even if a hanging thread has its lock."""


class Relay:
    """The strike on one pin, which is driven to "secure" in the same step that makes it an output."""

    def __init__(self, settings: LockSettings, factory: Any, *, released: bool = False) -> None:  # noqa: ANN401
        """An evacuated door is `released` from its first level on. Raises `DoorError` if the pin cannot be taken."""
        self._use = relay_use(settings)
        self._lock = threading.Lock()
        with named(f"take {self._use}"):
            self._device = DigitalOutputDevice(
                settings.pin, active_high=level_of(settings, released=True), initial_value=released, pin_factory=factory
            )

    def release(self) -> None:
        """Lets the door be opened. Raises `DoorError`."""
        with self._lock, named(f"release {self._use}"):
            self._device.on()

    def secure(self) -> None:
        """Locks the door. Raises `DoorError`."""
        with self._locked_if_possible(), named(f"secure {self._use}"):
            self._device.off()

    def leave(self) -> None:
        """Gives the pin back as it is; harmless when repeated. Raises `DoorError`."""
        with self._locked_if_possible(), named(f"leave {self._use}"):
            self._device.close()

    def close(self) -> None:
        """Locks the door and gives the pin back; harmless when repeated. Raises `DoorError`."""
        with self._locked_if_possible(), named(f"secure {self._use}"):
            if not self._device.closed:
                self._device.off()
                self._device.close()

    @contextlib.contextmanager
    def _locked_if_possible(self) -> Iterator[None]:
        has_lock = self._lock.acquire(timeout=LOCK_TIME_S)
        try:
            yield
        finally:
            if has_lock:
                self._lock.release()


class OutputWire:
    """A wire that is driven besides the strike: off from its first level to its last."""

    def __init__(self, settings: OutputSettings, door: str, factory: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
        """Raises `DoorError` if the pin cannot be taken."""
        self.signal = settings.signal
        self._use = f"GPIO {settings.pin}, output {settings.signal} of door {door}"
        with named(f"take {self._use}"):
            self._device = DigitalOutputDevice(
                settings.pin, active_high=settings.active_high, initial_value=False, pin_factory=factory
            )

    def set(self, *, on: bool) -> None:
        """Raises `DoorError`."""
        with named(f"drive {self._use}"):
            self._device.value = on

    def close(self) -> None:
        """Switches it off and gives the pin back; harmless when repeated. Raises `DoorError`."""
        if not self._device.closed:
            self.set(on=False)
            self._device.close()


class BoardIO:
    """`DoorIO` on pins, those of a Raspberry Pi or simulated ones.

    Inputs settle when `tick` is called at the `deadline`, as by a simulated clock that attends to this; on a real door
    `run` has threads do it. Then the caller that keeps the strike released has to `drive` it again at least every
    `relay_guard.PET_S`, or the guard secures it.
    """

    def __init__(
        self,
        door: DoorSettings,
        factory: Any,  # noqa: ANN401 - gpiozero is untyped
        clock: Clock,
        *,
        released: bool = False,
    ) -> None:
        """Takes the wires of this door, the strike's first. The strike is secured, or stays `released` as an evacuation
        left it.

        Raises `DoorError` that names all that cannot be taken.
        """
        self._clock = clock
        self._relay = Relay(door, factory, released=released)
        self.guard = RelayGuard(self._relay.secure, clock)
        self._stays = False
        if released:
            self.guard.pet()
        self._threads = contextlib.ExitStack()
        self._keepers: tuple[Timekeeper, ...] = ()
        self._wake_guard: Callable[[], None] = lambda: None
        with contextlib.ExitStack() as stack:
            stack.callback(self._relay.close)
            self._outputs = claim_all(partial(OutputWire, one, door.name, factory) for one in door.outputs)
            for wire in self._outputs:
                stack.callback(wire.close)
            self._inputs = Inputs(door, factory, clock)
            stack.pop_all()

    def run(self, *, last_resort_s: float = LAST_RESORT_S) -> None:
        """Has threads settle the inputs and watch over the strike, until `close`.

        Ends the process if no Python runs for `last_resort_s` while the strike is released.
        """
        last_resort = self._threads.enter_context(contextlib.closing(LastResort(self.guard, after_s=last_resort_s)))
        guard = self._threads.enter_context(
            contextlib.closing(Timekeeper(self.guard, self._clock, each_round=last_resort))
        )
        inputs = self._threads.enter_context(contextlib.closing(Timekeeper(self._inputs, self._clock)))
        self._wake_guard, self._inputs.wake = guard.wake, inputs.wake
        self._keepers = (guard, inputs)

    @property
    def last_beat(self) -> float:
        """When the slower of both threads last came round, in seconds on the clock; now, if there are none."""
        return min((keeper.last_beat for keeper in self._keepers), default=self._clock.monotonic())

    def drive(self, outputs: Outputs) -> None:
        """Drives everything: the strike first if it is to be secure, last if it is to be released.

        Raises `DoorError` when all was tried. If the guard had to secure the strike since the last time, that is such
        an error, and the strike stays secure this time: a caller that wakes up has to decide again.
        """
        errors = [_left_alone()] if self.guard.has_secured() else []
        is_released = outputs.released and not errors
        self._stays = False
        if not is_released:
            with collected(errors):
                self._secure()
        for wire in self._outputs:
            with collected(errors):
                wire.set(on=wire.signal in outputs.on)
        if is_released:
            with collected(errors):
                self._release()
        if errors:
            raise all_of(errors)
        self._stays = is_released and outputs.stays

    def lines(self) -> Mapping[DoorInput, Line]:
        """What each wired input says, debounced."""
        return self._inputs.lines()

    def watch(self, tell: Callable[[InputChanged], None]) -> None:
        """Has `tell` called whenever an input has changed and settled, from the thread that ticks."""
        self._inputs.watch(tell)

    def deadline(self) -> float | None:
        """When to `tick`, in seconds on the clock; None if there are no inputs."""
        return self._inputs.deadline()

    def tick(self) -> None:
        """Looks at the inputs whose time has come."""
        self._inputs.tick()

    def close(self) -> None:
        """Secures the strike first and last, switches all off, gives the pins back; harmless when repeated. It leaves a
        strike that was driven to stay released.

        Raises `DoorError` when all was tried; a strike that could not be secured stays in the guard's care.
        """
        errors: list[DoorError] = []
        if not self._stays:
            with contextlib.suppress(DoorError):  # it is reported below
                self._relay.secure()
        for wire in self._outputs:
            with collected(errors):
                wire.close()
        self._inputs.close()
        try:
            self._relay.leave() if self._stays else self._relay.close()
        except DoorError as error:
            raise all_of([error, *errors]) from None
        self.guard.stand_down()
        self._threads.close()
        if errors:
            raise all_of(errors)

    def _release(self) -> None:
        """The guard knows of it first: a thread that hangs after that is seen."""
        if self.guard.pet():
            self._wake_guard()
        try:
            self._relay.release()
        except DoorError:
            with contextlib.suppress(DoorError):
                self._secure()
            raise

    def _secure(self) -> None:
        self._relay.secure()
        self.guard.stand_down()


def _left_alone() -> DoorError:
    return DoorError(
        f"The strike was released and not attended to for {PET_S:.0f} s, so its guard secured it.",
        hint="The program hung or got too little CPU time: check what else runs on this machine.",
    )


def open_board_io(
    door: DoorSettings,
    factory: Any,  # noqa: ANN401
    clock: Clock,
    *,
    released: bool = False,
) -> BoardIO:
    """A door's wires on this board, in operation; `factory` is the same for all doors, `released` as in `BoardIO`.
    Raises `DoorError`.
    """
    wires = BoardIO(door, factory, clock, released=released)
    wires.run()
    return wires


def board_factory(chip: str = "") -> Any:  # noqa: ANN401 - gpiozero is untyped
    """The pin factory of the GPIO chip that the setting `gpio.chip` names; its `board` says which one that is.

    Raises `DoorError`; never falls back to another.
    """
    opened = open_chip(lgpio_of_board(), chip)
    from device.door.wires.lgpio_pins import LockFactory

    return LockFactory(opened)


def chip_of(factory: Any) -> Chip | None:  # noqa: ANN401 - gpiozero is untyped
    """The GPIO chip of a pin factory; None for simulated pins."""
    return getattr(factory, "board", None)
