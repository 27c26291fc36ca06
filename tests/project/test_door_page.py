"""The page about the door is that of its rules."""

import pytest
from door_diagram import MEANINGS, TARGET, page
from door_states import EVENTS, simplest, way_back

from device.door.controller import Controller
from device.records import DoorInput, DoorState, InputChanged, Line


@pytest.fixture(scope="module")
def doors() -> dict[DoorState, Controller]:
    return simplest()


def test_the_page_is_that_of_the_code() -> None:
    assert TARGET.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_state_is_explained() -> None:
    assert set(MEANINGS) == set(DoorState)


def test_every_state_is_drawn() -> None:
    diagram = page().split("```")[1]
    assert [state for state in DoorState if f" {state.name} " not in diagram] == []


def test_everything_that_a_wire_can_say_is_tried() -> None:
    assert {(event.input, event.line) for event in EVENTS if isinstance(event, InputChanged)} == {
        (wire, line) for wire in DoorInput for line in Line
    }


@pytest.mark.parametrize("state", DoorState)
def test_the_simplest_door_in_a_state_is_in_it(doors: dict[DoorState, Controller], state: DoorState) -> None:
    assert doors[state].state is state


@pytest.mark.parametrize("state", DoorState)
def test_there_is_a_way_back_from_each(doors: dict[DoorState, Controller], state: DoorState) -> None:
    assert len(way_back(doors[state])) <= 3
