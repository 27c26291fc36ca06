"""`lintel hardware`: every wire of a door tried out, with an installer who looks, listens and answers."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from device.cli.completion import complete_door
from device.cli.context import json_option, print_json, settings_of
from device.errors import DoorError
from device.terminal import say

if TYPE_CHECKING:
    from device.commissioning.walkthrough import Tried, Walkthrough
    from device.records import Line
    from device.settings.tables import DoorSettings, InputSettings, Settings
    from device.virtual.clock import SimulatedClock
    from device.virtual.pins import SimulatedPins

ACTS_AFTER_S = 1.0
"""How long simulated hands need for each instruction."""


@click.group(epilog="Exit codes: 0 all works, 1 something fails, 3 settings, 7 a pin cannot be taken.")
def hardware() -> None:
    """Test the wiring."""


@hardware.command("test", epilog="Exit codes: 0 all works, 1 something fails, 3 settings, 7 a pin cannot be taken.")
@click.option(
    "--door", "name", metavar="NAME", shell_complete=complete_door, help="The door to test. Default: each door in turn."
)
@click.option(
    "--wait", "wait_s", type=click.IntRange(1, 600), default=20, show_default=True, help="Seconds for each action."
)
@click.option("--simulated", is_flag=True, help="Try the command itself on simulated pins.")
@json_option
@click.pass_context
def test_hardware(context: click.Context, name: str | None, wait_s: int, simulated: bool, as_json: bool) -> int:
    """Test every wire of a door: outputs, strike, inputs.

    Begins with which parts of the settings are there: chip, database, models, cameras, readers. Then it says what you
    should see and hear, or what to do, and asks. It needs the pins for itself, so stop the service first:
    sudo systemctl stop lintel. The strike is released for 3 seconds, and only if you say so. At a Wiegand reader
    present an enrolled badge: if its bytes come in another order, it says what to set. Other readers, and all LEDs and
    buzzers, have a command of their own: lintel readers test.
    """
    settings = settings_of(context)
    if simulated:
        from device.simulation.doors import fully_wired

        settings = fully_wired(settings)
    doors = _chosen(settings, name)
    with ExitStack() as stack:
        walkthrough = _walkthrough(stack, settings, simulated=simulated, wait_s=wait_s, aside=as_json)
        tried = [one for door in doors for one in walkthrough.through(door)]
        if not simulated:
            tried += _at_readers(walkthrough, settings, doors)
    return _reported(tried, as_json=as_json)


def _chosen(settings: "Settings", name: str | None) -> "tuple[DoorSettings, ...]":
    chosen = tuple(door for door in settings.doors if name in (None, door.name))
    if not chosen:
        names = ", ".join(door.name for door in settings.doors)
        raise DoorError(f"There is no door named {name!r}.", hint=f"Name one with --door: {names}.")
    return chosen


def _walkthrough(
    stack: ExitStack, settings: "Settings", *, simulated: bool, wait_s: float, aside: bool
) -> "Walkthrough":
    from device.commissioning.walkthrough import Bench, Walkthrough, board_bench, refuse_beside_service

    if not simulated:
        refuse_beside_service()
        _show_parts(settings, aside=aside)
        return Walkthrough(stack.enter_context(board_bench(settings)), Person(aside=aside), wait_s)
    from device.virtual.clock import SimulatedClock
    from device.virtual.pins import SimulatedPins

    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    installer = SimulatedHands(pins, clock, aside=aside)
    installer.rest(settings)
    return Walkthrough(Bench(pins.factory, clock, clock.attend), installer, wait_s)


def _at_readers(walkthrough: "Walkthrough", settings: "Settings", doors: "tuple[DoorSettings, ...]") -> "list[Tried]":
    from device.commissioning.byte_orders import byte_orders

    with byte_orders(settings) as orders:
        return [one for door in doors for one in walkthrough.at_readers(door, settings, orders)]


def _show_parts(settings: "Settings", *, aside: bool) -> None:
    """The first page: all that is missing, so that one visit fixes it."""
    from device.cli.text.found_parts import found_lines
    from device.probing import chip, parts

    for line in found_lines((chip(settings), *parts(settings))):
        say(line, err=aside)


class Person:
    """`Installer` at this terminal."""

    def __init__(self, *, aside: bool) -> None:
        """`aside` leaves standard output to what comes of it."""
        self._aside = aside

    def say(self, text: str) -> None:
        """Prints it."""
        say(text, err=self._aside)

    def confirm(self, question: str) -> bool:
        """Waits for an answer."""
        return click.confirm(question, err=self._aside)

    def act(self, wire: "InputSettings", line: "Line") -> None:
        """A person does it by themselves."""


class SimulatedHands(Person):
    """`Installer` whose answers are typed, and whose hands are simulated."""

    def __init__(self, pins: "SimulatedPins", clock: "SimulatedClock", *, aside: bool) -> None:
        super().__init__(aside=aside)
        self._pins = pins
        self._clock = clock

    def rest(self, settings: "Settings") -> None:
        """All wires are quiet."""
        from device.records import Line

        for door in settings.doors:
            for wire in door.inputs:
                self._pins.set_line(wire, Line.QUIET)

    def act(self, wire: "InputSettings", line: "Line") -> None:
        """Does what was said, a moment later."""
        self._clock.at(self._clock.monotonic() + ACTS_AFTER_S, lambda: self._pins.set_line(wire, line))


def _reported(tried: "list[Tried]", *, as_json: bool) -> int:
    from device.commissioning.walkthrough import Result

    if as_json:
        print_json(tried)
    else:
        say(
            "\n"
            + "\n".join(
                f"{one.result:8} {one.door} {one.wire:16} {one.place:10} {one.detail}".rstrip() for one in tried
            )
        )
    return 0 if all(one.result is Result.WORKS for one in tried) else 1
