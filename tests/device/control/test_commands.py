"""Commands through the operators' socket reach the doors and the audit."""

import threading
from pathlib import Path

import pytest

from device.control.client import ask_doors
from device.control.desk import Caller, Ordered, door_desk
from device.control.messages import Release
from device.errors import DoorError, StoreError
from device.records import Commanded, DoorCommand
from tests.device.control.bench import LOCKED, Notes, ToldDoor, me


@pytest.mark.usefixtures("server")
def test_status_comes_as_it_is(path: Path, door: ToldDoor) -> None:
    assert (ask_doors(path), door.told) == ((LOCKED,), [])


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", DoorCommand)
def test_command_reaches_the_door(path: Path, door: ToldDoor, command: DoorCommand) -> None:
    assert (ask_doors(path, command), door.told) == ((LOCKED,), [Commanded(command)])


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", DoorCommand)
def test_command_is_noted_with_its_user(path: Path, notes: Notes, command: DoorCommand) -> None:
    ask_doors(path, command)
    assert notes == [Ordered("main", command, me())]


@pytest.mark.usefixtures("server")
def test_question_is_not_noted(path: Path, notes: Notes) -> None:
    ask_doors(path)
    assert notes == []


@pytest.mark.parametrize("command", [None, *(one for one in DoorCommand if one is not DoorCommand.RELEASE)])
def test_command_without_a_name_is_for_all_doors(
    path: Path, two: dict[str, ToldDoor], command: DoorCommand | None
) -> None:
    told = [Commanded(command)] if command else []
    assert [status.door for status in ask_doors(path, command) or ()] == ["main", "back"]
    assert [door.told for door in two.values()] == [told, told]


def test_command_with_a_name_is_for_that_door(path: Path, two: dict[str, ToldDoor]) -> None:
    assert [status.door for status in ask_doors(path, DoorCommand.RELEASE, "back") or ()] == ["back"]
    assert [door.told for door in two.values()] == [[], [Commanded(DoorCommand.RELEASE)]]


def test_several_doors_are_not_released_at_once(path: Path, two: dict[str, ToldDoor]) -> None:
    with pytest.raises(DoorError, match="released one by one") as several:
        ask_doors(path, DoorCommand.RELEASE)
    assert "main, back" in several.value.hint
    assert [door.told for door in two.values()] == [[], []]


def test_door_that_does_not_exist_is_named(path: Path, two: dict[str, ToldDoor]) -> None:
    with pytest.raises(DoorError, match="no door 'side'") as unknown:
        ask_doors(path, DoorCommand.LOCKDOWN, "side")
    assert "main, back" in unknown.value.hint
    assert [door.told for door in two.values()] == [[], []]


@pytest.mark.parametrize("failure", [DoorError("It fails.", hint="Mend it."), ValueError("any")])
@pytest.mark.parametrize("failing", ["main", "back"])
def test_door_that_fails_does_not_keep_the_command_from_the_other(
    path: Path, two: dict[str, ToldDoor], failing: str, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)
    two[failing].failure = failure
    with pytest.raises(DoorError):
        ask_doors(path, DoorCommand.LOCKDOWN)
    (other,) = (door for name, door in two.items() if name != failing)
    assert other.told == [Commanded(DoorCommand.LOCKDOWN)]


@pytest.mark.usefixtures("server")
def test_release_that_cannot_be_written_down_does_not_happen(path: Path, door: ToldDoor, notes: Notes) -> None:
    notes.failure = StoreError("The disk is full.", hint="Make room.")
    with pytest.raises(DoorError, match="The disk is full"):
        ask_doors(path, DoorCommand.RELEASE)
    assert door.told == []


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", [one for one in DoorCommand if one is not DoorCommand.RELEASE])
def test_everything_else_happens_whatever_the_store_does(
    path: Path, door: ToldDoor, notes: Notes, command: DoorCommand
) -> None:
    notes.failure = StoreError("The disk is full.", hint="Make room.")
    assert (ask_doors(path, command), door.told) == ((LOCKED,), [Commanded(command)])


def test_release_that_nobody_waits_for_any_more_is_not_done(door: ToldDoor) -> None:
    desk = door_desk({"main": door}, lambda _ordered: None)
    with pytest.raises(DoorError, match="it was not done"):
        desk.answered(Release(), Caller(me(), lambda: False))
    assert door.told == []
