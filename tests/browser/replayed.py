"""A recording, played without a browser."""

from pathlib import Path

from device.settings.tables import Settings
from device.simulation.player import Player
from device.simulation.playing import Played


def decisions_of(path: Path) -> list[str]:
    """The reason of each decision when a recorded scenario is played in this process."""
    player = Player(path, Settings(), warn=lambda _words: None)
    return [reason for event in player.play() if isinstance(event, Played) for reason in event.reasons]
