"""A player goes on, stands still, and goes back; what is done by hand replays with the same events."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from device.errors import ScenarioError
from device.records import AuditRow
from device.settings.tables import Settings
from device.simulation.playback import Playback
from device.simulation.player import Player
from device.simulation.playing import Played
from device.simulation.scenario import Happening
from device.simulation.session import Session
from device.virtual.figures import Figure, Thing
from tests.device.simulation.worlds import PLAIN, SCRIPTS


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "plain.toml"
    path.write_text(PLAIN)
    return path


@pytest.fixture
def session(plain: Path) -> Iterator[Session]:
    with Session(plain, Settings()) as session:
        list(session.enroll())
        yield session


def rows_of(session: Session) -> list[tuple[object, ...]]:
    return [said(row) for row in session.rows_after(0)]


def said(row: AuditRow) -> tuple[object, ...]:
    return row.event, row.reason, row.outcome, row.fault, row.door, row.reader


def test_played_to_the_end_in_real_time(session: Session) -> None:
    playback = Playback(session)
    playback.play()
    for _ in range(2000):
        playback.advance(0.02)
    assert [(played.step.title, played.unmet) for played in playback.played] == [
        ("Her badge and PIN", ()),
        ("An unknown badge", ()),
        ("Forced, and closed again", ()),
    ]
    assert 39.0 < playback.state().at_s < 42.0


def test_state_says_whether_the_scenario_goes_on(session: Session) -> None:
    playback = Playback(session)
    before = playback.state().is_playing
    playback.play()
    assert (before, playback.state().is_playing) == (False, True)


def test_state_has_the_scenarios_name(session: Session) -> None:
    assert session.state().scenario == "plain"


def test_paused_world_stands_still(session: Session) -> None:
    playback = Playback(session)
    playback.play()
    playback.advance(0.5)
    playback.pause()
    before = playback.state()
    playback.advance(60.0)
    assert playback.state() == before
    assert before.speed == 0.0


def test_twice_as_fast_takes_half_the_time(session: Session) -> None:
    playback = Playback(session)
    playback.go_on()
    playback.speed(2.0)
    for _ in range(100):
        playback.advance(0.02)
    assert 3.9 < playback.state().at_s < 4.1


def test_step_plays_one_step(session: Session) -> None:
    playback = Playback(session)
    playback.step()
    for _ in range(1000):
        playback.advance(0.02)
    assert [step.is_played for step in playback.state().steps] == [True, False, False]


def test_back_to_a_step_is_as_the_first_time(session: Session) -> None:
    playback = Playback(session)
    playback.seek(2)
    first, seen = rows_of(session), playback.state()
    playback.seek(3)
    playback.seek(2)
    assert rows_of(session) == first
    assert playback.state().at_s == seen.at_s
    assert playback.state().world == seen.world + 1


def test_step_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(ScenarioError, match="There is no step 4") as caught:
        Playback(session).seek(4)
    assert caught.value.hint == "Take one of 0 to 3."


@given(script=SCRIPTS)
@settings(max_examples=6, deadline=None)
def test_recording_replays_with_the_same_rows(
    plain: Path, tmp_path_factory: pytest.TempPathFactory, script: list[tuple[int, Happening]]
) -> None:
    with Session(plain, Settings()) as session:
        list(session.enroll())
        playback = Playback(session)
        playback.record()
        for wait, act in script:
            playback.advance(wait / 100)
            playback.act(act)
        playback.stop()
        path = tmp_path_factory.mktemp("recorded") / "by-hand.toml"
        path.write_text(playback.recorded())
        done = rows_of(session)
    (played,) = [event for event in Player(path, Settings()).play() if isinstance(event, Played)]
    assert played.unmet == ()
    with Session(path, Settings()) as session:
        list(session.enroll())
        Playback(session).seek(1)
        assert rows_of(session) == done


def test_recording_keeps_the_seed_of_its_world(plain: Path, tmp_path: Path) -> None:
    with Session(plain, Settings(), seed=7) as session:
        list(session.enroll())
        playback = Playback(session)
        playback.record()
        playback.stop()
        (tmp_path / "by-hand.toml").write_text(playback.recorded())
    assert Session(tmp_path / "by-hand.toml", Settings()).seed == 7


def test_recording_says_which_pictures_it_needs(session: Session) -> None:
    playback = Playback(session)
    playback.record()
    assert not playback.recorded().startswith("#")
    session.show_live(np.full((48, 64, 3), 200, np.uint8))
    playback.act(Happening(view=(Figure(image="webcam", thing=Thing.CLIP),)))
    assert "webcam.mp4" in playback.recorded().splitlines()[0]


def test_nothing_recorded_is_said(session: Session) -> None:
    with pytest.raises(ScenarioError, match="Nothing was recorded"):
        Playback(session).recorded()


def test_scenario_stands_still_while_a_recording_goes_on(session: Session) -> None:
    playback = Playback(session)
    playback.record()
    assert playback.state().is_recording
    with pytest.raises(ScenarioError, match="A recording is under way"):
        playback.step()
