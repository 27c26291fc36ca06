"""A recording of a face at the door replays alike in a world that no page looks at."""

from pathlib import Path

import pytest

from device.records import AuditRow
from device.settings.tables import Settings, VisionSettings
from device.simulation.playback import Playback
from device.simulation.scenario import Happening
from device.simulation.session import Session
from device.virtual.figures import Figure, Place, Thing

SETTINGS = Settings(vision=VisionSettings(threads=1))
GRACE = Figure(image="grace", thing=Thing.PERSON, turns="when-asked", end=Place(x=0.5, y=0.75, size=1.3))
DONE = (
    (0.3, Happening(view=(GRACE,))),
    (0.7, Happening(badge="17:1002")),
    (2.0, Happening(clock_step_s=-600.0)),
    (0.3, Happening(camera="dead")),
    (0.2, Happening(camera="works")),
)


def rows(session: Session) -> list[AuditRow]:
    return list(session.rows_after(0))


def decided(session: Session) -> list[tuple[object, ...]]:
    """What the audit says, without what another device key makes different."""
    return [
        (row.event, row.at, row.outcome, row.reason, row.similarity, row.probes, row.waited_s) for row in rows(session)
    ]


@pytest.mark.slow(small="tests/device/simulation/test_playback.py::test_recording_replays_with_the_same_rows")
def test_recorded_face_is_decided_alike(tmp_path: Path) -> None:
    path = tmp_path / "by-hand.toml"
    with Session(None, SETTINGS) as session:
        list(session.enroll())
        playback = Playback(session)
        playback.record()
        for wait_s, act in DONE:
            for _ in range(round(wait_s / 0.05)):
                playback.advance(0.05)
                session.look()
            playback.act(act)
        playback.stop()
        path.write_text(playback.recorded())
        by_hand = decided(session)
    with Session(path, SETTINGS) as session:
        list(session.enroll())
        playback = Playback(session)
        playback.seek(1)
        assert playback.played[0].unmet == ()
        assert playback.played[0].reasons == ("match",)
        assert decided(session) == by_hand
