"""What the page sees through the door's camera: the same frame as the door, analyzed once."""

from collections.abc import Iterator

import numpy as np
import pytest

from device.settings.tables import Settings, VisionSettings
from device.simulation.scenario import Happening
from device.simulation.session import Session
from device.virtual.figures import Figure, Place, Thing

EILEEN = Figure(image="eileen", thing=Thing.PERSON, turns="when-asked", end=Place(x=0.5, y=0.9, size=1.5))


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(None, Settings(vision=VisionSettings(threads=1))) as session:
        list(session.enroll())
        yield session


def test_similarity_grows_into_a_grant(session: Session) -> None:
    session.act(Happening(view=(EILEEN,)))
    session.advance(0.5)
    before = session.look()
    assert before.seen.box is not None
    assert len(before.seen.points) > 50
    assert before.seen.similarity is None
    assert before.chip is not None
    session.act(Happening(badge="17:1001"))
    seen = []
    for _ in range(40):
        session.advance(0.1)
        seen.append(session.look().seen)
    assert any(one.is_showing and one.prompt in ("left", "right") for one in seen)
    assert any(one.is_showing and one.similarity is not None for one in seen)
    last = next(one for one in reversed(seen) if one.similarity is not None)
    assert last.similarity is not None
    assert last.threshold is not None
    assert last.similarity > last.threshold
    assert (last.verdict, last.sentence) == ("match", "Come in.")
    assert session.state().doors[0].state in ("released", "open", "unlocked", "locked")


def test_same_picture_is_looked_at_once(session: Session) -> None:
    session.advance(0.2)
    first, again = session.look(), session.look()
    assert first.image is again.image
    assert first.seen == again.seen


def test_dead_camera_shows_nothing(session: Session) -> None:
    session.act(Happening(camera="dead"))
    look = session.look()
    session.act(Happening(camera="works"))
    assert look.image is None
    assert look.seen.sentence == "The simulated camera is dead."


def test_webcam_is_what_the_door_sees(session: Session) -> None:
    session.show_live(np.full((720, 1280, 3), 200, np.uint8))
    session.act(Happening(view=(Figure(image="webcam", thing=Thing.CLIP),)))
    session.advance(0.1)
    bright = session.look().image
    session.show_live(np.zeros((240, 320, 3), np.uint8))
    session.advance(0.1)
    dark = session.look().image
    assert bright is not None
    assert dark is not None
    assert float(bright.mean()) > float(dark.mean()) + 100
