"""Tries with a badge are explained at a door that asks for turns and has a screen for it, as a simulation's."""

from pathlib import Path

import msgspec

from device.cli.explain import explained
from device.records import PadMode
from device.settings.tables import Settings
from device.simulation.scenario import Happening
from device.simulation.session import Session
from tests.device.simulation.worlds import PLAIN


def test_wrong_pin_is_explained_at_a_door_that_asks_for_turns(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(PLAIN)
    with Session(path, Settings()) as session:
        list(session.enroll())
        session.act(Happening(badge="17:1001"))
        session.advance(1.0)
        session.act(Happening(keys="999999#"))
        session.advance(5.0)
        (row,) = [row for row in session.rows_after(0) if row.reason is not None]
        doors = tuple(msgspec.structs.replace(door, pad=PadMode.TURN) for door in session.settings.doors)
        asking = msgspec.structs.replace(session.settings, doors=doors)
        told, tries = explained(session.store, asking, row.id)
        assert (told.reason, bool(tries)) == ("pin-wrong", True)
