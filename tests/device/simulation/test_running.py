"""Time in a virtual world may be cut anyhow: the same acts at the same times give the same rows and levels."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ScenarioError
from device.settings.tables import Settings
from device.simulation.scenario import Happening
from device.simulation.session import Session
from tests.device.simulation.worlds import PLAIN, SCRIPTS

CUTS = st.lists(st.integers(1, 40), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "plain.toml"
    path.write_text(PLAIN)
    return path


def after(path: Path, script: Sequence[tuple[int, Happening]], cuts: Sequence[int]) -> tuple[object, ...]:
    """What is written down, and how the relay went; each wait, in hundredths of a second, is cut into these pieces."""
    with Session(path, Settings()) as session:
        list(session.enroll())
        for wait, act in [*script, (500, None)]:
            left, number = wait, 0
            while left > 0:
                piece = min(left, cuts[number % len(cuts)])
                session.advance(piece / 100)
                left, number = left - piece, number + 1
            if act is not None:
                session.act(act)
        with session.store.audit() as audit:
            rows = [(row.event, row.at, row.reason, row.outcome, row.fault) for row in audit]
        return (
            rows,
            session.pins.history(session.settings.doors[0].pin),
            session.running.doors["main"].doorway.door.state,
        )


@given(script=SCRIPTS, cuts=CUTS)
@settings(max_examples=6, deadline=None)
def test_cuts_of_time_change_nothing(plain: Path, script: list[tuple[int, Happening]], cuts: list[int]) -> None:
    assert after(plain, script, cuts) == after(plain, script, [10_000])


def test_badge_and_pin_open_the_door(plain: Path) -> None:
    rows, levels, _ = after(plain, [(50, Happening(badge="17:1001")), (50, Happening(keys="471147#"))], [7])
    assert isinstance(rows, list)
    assert [row[2].code for row in rows if row[2]] == ["match"] or [row[2].code for row in rows if row[2]] == ["pin"]
    assert isinstance(levels, tuple)
    assert [level.high for level in levels] == [False, True, False]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Happening(), "names no kind, or several"),
        (Happening(badge="17:1001", keys="1"), "names no kind, or several"),
        (Happening(badge="17:1001", flip=(1,)), "flips bits of a badge that does not come as bits"),
        (Happening(badge="17:1001", door="attic"), "There is no door 'attic'"),
    ],
)
def test_what_cannot_happen_is_refused(plain: Path, act: Happening, words: str) -> None:
    with Session(plain, Settings()) as session:
        list(session.enroll())
        with pytest.raises(ScenarioError, match=words):
            session.act(act)
