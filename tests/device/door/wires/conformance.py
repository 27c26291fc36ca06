"""What a door's wires must do, on whatever pins: subclass `DoorIOConformance` and give it a `rig`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from device.errors import DoorError
from device.ports import DoorIO
from device.records import DoorInput, DoorOutput, InputChanged, Line, Outputs
from device.virtual.clock import SimulatedClock

DEBOUNCE_S = 0.05
SETTLED_S = 0.5
"""Longer than anything takes to settle."""
ALL_ON = frozenset(DoorOutput)


@dataclass
class Rig:
    """Wires under test and the world around them. All inputs are quiet at first; all outputs are wired."""

    io: DoorIO
    clock: SimulatedClock
    is_released: Callable[[], bool]
    """Whether the strike's pin is at the level that lets somebody in."""
    was_released: Callable[[], bool]
    """Whether it ever was."""
    is_on: Callable[[DoorOutput], bool]
    """Whether another output's pin is at its level for on."""
    say: Callable[[DoorInput, Line], None]
    """Has a wire say something."""
    can_say: Mapping[DoorInput, tuple[Line, ...]]
    """What each wire can say besides that it is quiet; a contact alone knows of no damage."""
    break_pin: Callable[[DoorOutput | None], None]
    """Has an output fail from now on; None is the strike."""

    def on(self) -> set[DoorOutput]:
        """What is on."""
        return {output for output in DoorOutput if self.is_on(output)}


class DoorIOConformance:
    """The tests. A subclass has a fixture `rig` that gives a `Rig` whose wires were just taken."""

    def test_strike_is_secure_from_the_start(self, rig: Rig) -> None:
        assert not rig.was_released()

    def test_everything_is_off_from_the_start(self, rig: Rig) -> None:
        assert rig.on() == set()

    def test_strike_is_released_and_secured(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True))
        assert rig.is_released()
        rig.io.drive(Outputs())
        assert not rig.is_released()

    @pytest.mark.parametrize("output", DoorOutput)
    def test_output_is_driven_alone(self, rig: Rig, output: DoorOutput) -> None:
        rig.io.drive(Outputs(on=frozenset({output})))
        assert rig.on() == {output}
        rig.io.drive(Outputs())
        assert rig.on() == set()

    def test_outputs_do_not_touch_the_strike(self, rig: Rig) -> None:
        rig.io.drive(Outputs(on=ALL_ON))
        assert not rig.was_released()

    def test_driving_again_changes_nothing(self, rig: Rig) -> None:
        for _ in range(3):
            rig.io.drive(Outputs(released=True, on=ALL_ON))
        assert (rig.is_released(), rig.on()) == (True, set(ALL_ON))

    @pytest.mark.parametrize("broken", DoorOutput)
    def test_strike_is_secured_whatever_else_fails(self, rig: Rig, broken: DoorOutput) -> None:
        rig.io.drive(Outputs(released=True, on=ALL_ON))
        rig.break_pin(broken)
        with pytest.raises(DoorError, match=broken.value):
            rig.io.drive(Outputs())
        assert (rig.is_released(), rig.on() - {broken}) == (False, set())

    @pytest.mark.parametrize("broken", DoorOutput)
    def test_strike_is_released_whatever_else_fails(self, rig: Rig, broken: DoorOutput) -> None:
        rig.break_pin(broken)
        with pytest.raises(DoorError, match=broken.value):
            rig.io.drive(Outputs(released=True, on=ALL_ON))
        assert (rig.is_released(), rig.on() - {broken}) == (True, set(ALL_ON) - {broken})

    def test_strike_that_fails_is_told_and_the_rest_is_driven(self, rig: Rig) -> None:
        rig.break_pin(None)
        with pytest.raises(DoorError, match="relay"):
            rig.io.drive(Outputs(released=True, on=ALL_ON))
        assert (rig.is_released(), rig.on()) == (False, set(ALL_ON))

    def test_quiet_wires_are_quiet(self, rig: Rig) -> None:
        assert rig.io.lines() == dict.fromkeys(DoorInput, Line.QUIET)

    @pytest.mark.parametrize("wire", DoorInput)
    def test_changes_are_told_and_count(self, rig: Rig, wire: DoorInput) -> None:
        told, said = self.watched(rig), [*rig.can_say[wire], Line.QUIET]
        for line in said:
            rig.say(wire, line)
            rig.clock.sleep(SETTLED_S)
            assert rig.io.lines()[wire] is line
        assert told == [InputChanged(wire, line) for line in said]

    @pytest.mark.parametrize("wire", [DoorInput.REX, DoorInput.DPS])
    def test_change_that_does_not_last_is_none(self, rig: Rig, wire: DoorInput) -> None:
        told = self.watched(rig)
        rig.say(wire, Line.ACTIVE)
        rig.clock.sleep(DEBOUNCE_S * 0.5)
        rig.say(wire, Line.QUIET)
        rig.clock.sleep(SETTLED_S)
        assert told == []

    @pytest.mark.parametrize("wire", [DoorInput.REX, DoorInput.DPS])
    def test_bouncing_contact_is_one_change(self, rig: Rig, wire: DoorInput) -> None:
        told = self.watched(rig)
        for line in (Line.ACTIVE, Line.QUIET) * 3 + (Line.ACTIVE,):
            rig.say(wire, line)
            rig.clock.sleep(DEBOUNCE_S * 0.2)
        rig.clock.sleep(SETTLED_S)
        assert told == [InputChanged(wire, Line.ACTIVE)]

    def test_change_does_not_count_before_its_time(self, rig: Rig) -> None:
        rig.say(DoorInput.REX, Line.ACTIVE)
        rig.clock.sleep(DEBOUNCE_S * 0.9)
        assert rig.io.lines()[DoorInput.REX] is Line.QUIET

    def test_inputs_are_told_apart(self, rig: Rig) -> None:
        told = self.watched(rig)
        for wire in DoorInput:
            rig.say(wire, Line.ACTIVE)
        rig.clock.sleep(SETTLED_S)
        assert sorted(change.input for change in told) == sorted(DoorInput)

    def test_close_secures_and_switches_off(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True, on=ALL_ON))
        rig.io.close()
        assert (rig.is_released(), rig.on()) == (False, set())

    def test_close_leaves_a_strike_that_is_to_stay_released(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True, stays=True))
        rig.io.close()
        rig.io.close()
        assert rig.is_released()

    def test_later_word_is_that_it_does_not_stay(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True, stays=True))
        rig.io.drive(Outputs(released=True))
        rig.io.close()
        assert not rig.is_released()

    def test_word_that_fails_takes_back_that_it_stays(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True, stays=True))
        rig.break_pin(DoorOutput.SIREN)
        with pytest.raises(DoorError, match="siren"):
            rig.io.drive(Outputs(released=True, on=ALL_ON, stays=True))
        with pytest.raises(DoorError, match="siren"):
            rig.io.close()
        assert not rig.is_released()

    def test_close_secures_whatever_else_fails(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True, on=ALL_ON))
        rig.break_pin(DoorOutput.SIREN)
        with pytest.raises(DoorError, match="siren"):
            rig.io.close()
        assert (rig.is_released(), rig.on() - {DoorOutput.SIREN}) == (False, set())

    def test_closing_twice_is_harmless(self, rig: Rig) -> None:
        rig.io.drive(Outputs(released=True, on=ALL_ON))
        rig.io.close()
        rig.io.close()
        assert (rig.is_released(), rig.on()) == (False, set())

    def test_closed_wires_cannot_be_released(self, rig: Rig) -> None:
        rig.io.close()
        with pytest.raises(DoorError):
            rig.io.drive(Outputs(released=True))
        assert not rig.is_released()

    def test_closed_wires_say_nothing(self, rig: Rig) -> None:
        told = self.watched(rig)
        rig.io.close()
        rig.say(DoorInput.REX, Line.ACTIVE)
        rig.clock.sleep(SETTLED_S)
        assert told == []

    def watched(self, rig: Rig) -> list[Any]:
        """The changes that are told from now on."""
        told: list[InputChanged] = []
        rig.io.watch(told.append)
        return told
