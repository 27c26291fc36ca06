"""What secures a door reads its lock out of a settings file of either layout, whatever else is in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.door.securing.driven import remember
from device.door.securing.relays import Known, known_wires
from device.errors import DoorError
from device.settings.lock import LockSettings
from device.settings.tables import DoorSettings

FRONT, BACK = LockSettings(pin=5, active_high=False), LockSettings(name="back", pin=6, fail_safe=True)
OLD = '[door]\npin = 5\nactive_high = false\n[[more_doors]]\nname = "back"\npin = 6\nfail_safe = true\n'
NEW = '[[doors]]\npin = 5\nactive_high = false\n[[doors]]\nname = "back"\npin = 6\nfail_safe = true\n'
ELSEWHERE = {
    "unknown reader setting": NEW + "[[doors.readers]]\nknd = 3\n",
    "readers that are none": NEW + "readers = 3\n",
    "camera that is none": NEW + "camera = 3\n",
    "value of a later version": NEW + 'pad = "turn"\n',
    "unknown group": NEW + "[vsion]\nthreads = 1\n",
    "unknown old reader setting": OLD + "[reader]\nknd = 3\n",
    "old readers that are none": OLD.replace("[door]", "reader = 3\n[door]"),
}
UNREADABLE = {
    "both layouts": OLD + "[[doors]]\npin = 7\n",
    "unknown setting of a door": NEW + "pni = 7\n",
    "unknown setting of an old door": OLD + "pni = 7\n",
    "doors that are none": "doors = 3\n",
    "old doors that are none": "more_doors = 3\n",
    "a door that is none": "doors = [3]\n",
    "pin too high": "[[doors]]\npin = 28\n",
}


@pytest.fixture
def known(tmp_path: Path, runtime: Path) -> Callable[[str, list[str]], Known]:  # noqa: ARG001
    """What is to be secured by a settings file; the warnings go into the list."""

    def read(content: str, warnings: list[str]) -> Known:
        path = tmp_path / "lintel.toml"
        path.write_text(content)
        return known_wires(path, warnings.append)

    return read


@pytest.mark.parametrize("content", [OLD, NEW, *ELSEWHERE.values()], ids=["old", "new", *ELSEWHERE])
def test_relays_are_those_of_the_file(known: Callable[[str, list[str]], Known], content: str) -> None:
    warnings: list[str] = []
    assert (known(content, warnings).relays, warnings) == ((FRONT, BACK), [])


@pytest.mark.parametrize("layout", [OLD, NEW], ids=["old", "new"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_relays_are_those_of_a_file_with_a_byte_order_mark(
    known: Callable[[str, list[str]], Known], layout: str, end: str
) -> None:
    warnings: list[str] = []
    assert (known("\ufeff" + layout.replace("\n", end), warnings).relays, warnings) == ((FRONT, BACK), [])


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_doors_leave_those_driven_last(known: Callable[[str, list[str]], Known], content: str) -> None:
    remember([DoorSettings(pin=9)])
    warnings: list[str] = []
    assert known(content, warnings).relays == (LockSettings(pin=9),)
    assert len(warnings) == 1
    assert "Cannot read the doors' settings in" in warnings[0]


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_nothing_is_guessed_where_nothing_was_driven(known: Callable[[str, list[str]], Known], content: str) -> None:
    with pytest.raises(DoorError, match="No relay to secure is known"):
        known(content, [])


@pytest.mark.parametrize("content", ["", "[vision]\nthreads = 1\n"])
def test_file_without_doors_means_the_default_door(known: Callable[[str, list[str]], Known], content: str) -> None:
    assert known(content, []).relays == (LockSettings(),)


@pytest.mark.parametrize("door", ["[door]\n", "[[doors]]\n"])
@pytest.mark.parametrize(("said", "active_high"), [("", False), ("active_high = true\n", True)])
def test_default_polarity_is_not_what_a_file_says(
    known: Callable[[str, list[str]], Known], door: str, said: str, active_high: bool
) -> None:
    """A relay that was driven active-low stays so, unless the file says otherwise."""
    remember([DoorSettings(pin=5, active_high=False)])
    assert known(f"{door}pin = 5\n{said}", []).relays == (LockSettings(pin=5, active_high=active_high),)
