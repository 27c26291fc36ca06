"""What `lintel pad evaluate` calls: presentations in a folder, tried at a door of the settings."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from device.cli.context import note_store
from device.door_pads import networks_dir
from device.errors import DoorError, ModelError
from device.own_threshold import OwnThreshold, own_threshold, write_own_threshold
from device.pad.evaluation import Evaluation, evaluate
from device.pad.folder import has_manifest, read_manifest
from device.pad.judging import Clip, TriedDoor
from device.pad.looking import CuedLook
from device.pad.reading import recorded_clips, reviewed_clips, seen_clips
from device.pad.sealing import Sealer
from device.policy.modes import Pad, way_in
from device.records import PadMode
from device.settings.loading import state_dir
from device.settings.prompts import asks_for_turns, pad_of
from device.settings.tables import DoorSettings, Settings
from device.state_folder import usable_by_the_service
from device.store.database import FILE_NAME
from device.vision.attack.passive import PassiveNetwork, load_passive
from device.vision.faces import load_analyzer


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation at a door, and with what."""

    folder: Path
    door: str
    clips: tuple[Clip, ...]
    tool: "Tool"
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Tool:
    """What the door looks with: the passive network's name and hash, "" without one."""

    network: str
    network_sha256: str
    is_own: bool
    """Whether the threshold is the door's own."""
    can_ask: bool
    """Whether the door can ask for a turn; an evaluation of one takes it for granted."""


def evaluated(
    settings: Settings, folder: Path, door: str | None, mode: str | None, *, sealer: Sealer | None = None
) -> Evaluated:
    """Tries all presentations of a folder; with a `sealer`, its encrypted clips.

    Raises every error that reading and looking can have.
    """
    at, name = _door(settings, door), settings.pad.network
    network = load_passive(name, networks_dir(settings)) if name else None
    look = CuedLook(load_analyzer(settings.vision), network)
    clips = _clips(folder, look, sealer)
    own = own_threshold(state_dir(settings), at.name, look.network_sha256) if network is not None else None
    door_ = TriedDoor(look.rule_at(at.target_fmr), way_in(settings, _pad(at, mode, network, own)))
    with _bar("Presentations", len(clips)) as step:
        evaluation = evaluate(clips, door_, step=step)
    tool = Tool(name, look.network_sha256, own is not None, asks_for_turns(at))
    return Evaluated(folder, at.name, tuple(clips), tool, evaluation)


def apply_threshold(settings: Settings, found: Evaluated) -> Path:
    """Gives the door the proposed threshold. Where it is kept. Raises `StoreError`."""
    proposal = found.evaluation.proposal
    if proposal.threshold is None:
        raise ValueError("a proposal without a threshold can't be applied")
    own = OwnThreshold(
        door=found.door,
        threshold=proposal.threshold,
        network_sha256=found.tool.network_sha256,
        set_at=datetime.now(UTC).isoformat(timespec="seconds"),
        live_presentations=proposal.live,
        live_people=proposal.people,
        live_refused=proposal.live_refused,
        attacks=proposal.attacks,
        shown_in=found.evaluation.shown_in,
    )
    note_store(settings)
    with usable_by_the_service(state_dir(settings), FILE_NAME):
        return write_own_threshold(state_dir(settings), own)


def _clips(folder: Path, look: CuedLook, sealer: Sealer | None) -> list[Clip]:
    if sealer is not None:
        return reviewed_clips(folder, look, sealer, partial(_bar, "Clips"))
    if not has_manifest(folder):
        return seen_clips(folder, look, partial(_bar, "Clips"))
    made_with = read_manifest(folder)
    if (made_with.network_sha256, made_with.embedding_sha256) != (look.network_sha256, look.embedding_sha256):
        raise ModelError(
            f"What is in {folder} was recorded with other networks than the settings name.",
            hint="Record again into a new folder, name the same `network` under [pad], or, if clips were kept, "
            "look at them again: `--clips`.",
        )
    return recorded_clips(folder)


def _door(settings: Settings, name: str | None) -> DoorSettings:
    """Raises `DoorError`."""
    known = {door.name: door for door in settings.doors}
    if name is None and len(known) == 1:
        return settings.doors[0]
    if name not in known:
        what = "There are several doors." if name is None else f"There is no door {name!r} in the settings."
        raise DoorError(what, hint=f"Name one with --door: {', '.join(known)}.")
    return known[name]


def _pad(door: DoorSettings, mode: str | None, network: PassiveNetwork | None, own: OwnThreshold | None) -> Pad:
    """The door's, or one in another mode. Raises `ModelError` for a mode that needs what is not there."""
    wanted = PadMode(mode) if mode else pad_of(door)
    threshold = own.threshold if own is not None else network.threshold if network is not None else None
    if wanted is PadMode.TURN_IN_DOUBT and own is None:
        raise ModelError(
            "A turn in doubt alone needs a passive network that was calibrated at this door.",
            hint="Evaluate with --pad turn first, and --apply.",
        )
    mode_tried = PadMode.PASSIVE if wanted is PadMode.OFF else wanted
    return Pad(mode_tried, can_prompt=True, live_threshold=threshold, is_calibrated=own is not None)


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:
        yield lambda: shown.update(1)
