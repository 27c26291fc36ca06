"""What each door does against presentation attacks: from its settings, the owner's network, and its own threshold.

Between the settings and the doors' parts. What is configured and missing fails secure: a door whose network can't be
opened denies with that as the reason. A door that demands a turn in doubt alone, and has no threshold of its own for
its network, asks for a turn each time. With a network for faces of which it was never measured how well it knows turned
ones, a turn that the settings demand is refused, and one that only follows from the wires is not asked for.
"""

from dataclasses import dataclass
from pathlib import Path

from device.errors import ModelError, StoreError
from device.own_threshold import own_threshold
from device.policy.modes import Pad
from device.records import PadMode
from device.settings.loading import state_dir
from device.settings.prompts import asks_for_turns, pad_of
from device.settings.tables import DoorSettings, Settings
from device.vision.attack.passive import PassiveNetwork, load_passive
from device.vision.faces import FaceAnalyzer, load_analyzer_for, look_for_attacks
from device.vision.manifest import read_manifest
from device.vision.models import EMBEDDING, shipped_models_dir
from device.vision.turned_faces import keep_to_measured

FOLDER = "models"
UNKNOWN_THRESHOLD = 0.70
"""What is demanded of a network whose manifest could not be read at the start."""
UNCALIBRATED = (
    "`turn-in-doubt` needs a threshold of this door's own, so a turn of the head is asked for each time: record "
    "presentations with `lintel pad record`, then `lintel pad evaluate FOLDER --apply`, and restart the service."
)


@dataclass(frozen=True, slots=True)
class DoorPad:
    """A door's rule, the network that it was made for by its hash, "" without one, and what is wrong, in a sentence."""

    pad: Pad
    network_sha256: str = ""
    trouble: str = ""


def networks_dir(settings: Settings) -> Path:
    """Where the owner's network lies: the setting, else a folder beside the database."""
    return Path(settings.pad.models_dir) if settings.pad.models_dir else state_dir(settings) / FOLDER


def needs_network(settings: Settings, door: DoorSettings) -> bool:
    """Whether a door looks through the network that the settings name."""
    return bool(settings.pad.network) and pad_of(door) is not PadMode.OFF


def pad_at(settings: Settings, door: DoorSettings, *, screen: bool = False) -> DoorPad:
    """What a door demands. Raises nothing: a manifest that can't be read is reported by who opens the network."""
    mode, can_prompt = pad_of(door), asks_for_turns(door, screen=screen)
    trouble = _unmeasured(settings) if _is_turn(mode) and door.pad is None else ""
    mode = PadMode.PASSIVE if trouble else mode
    if not needs_network(settings, door):
        return DoorPad(Pad(mode, can_prompt), trouble=trouble)
    sha256, threshold = _announced(settings)
    try:
        own = own_threshold(state_dir(settings), door.name, sha256) if sha256 else None
    except StoreError as error:
        own, trouble = None, trouble or error.message
    if mode is PadMode.TURN_IN_DOUBT and own is None:
        mode, trouble = PadMode.TURN, trouble or UNCALIBRATED
    live_threshold = threshold if own is None else own.threshold
    is_shown = own is not None and own.shown_in == mode.value
    pad = Pad(mode, can_prompt, live_threshold, is_calibrated=own is not None, is_shown=is_shown)
    return DoorPad(pad, sha256, trouble)


def open_network(settings: Settings, made_for: DoorPad) -> PassiveNetwork:
    """The network that the settings name. Raises `ModelError`, also for another than the door's rule was made for."""
    network = load_passive(settings.pad.network, networks_dir(settings))
    if network.model_sha256 != made_for.network_sha256:
        raise ModelError(
            f"The network {settings.pad.network} against presentation attacks came, or was replaced, after the start.",
            hint="Restart the service: `sudo systemctl restart lintel`.",
        )
    return network


def load_analyzer_at(settings: Settings, door: DoorSettings, made_for: DoorPad) -> FaceAnalyzer:
    """What a door looks at faces with, presentation attacks included where it does. Raises `ModelError`."""
    analyzer = load_analyzer_for(settings.vision, door.target_fmr)
    if made_for.pad.mode is PadMode.OFF:
        return analyzer
    if _is_turn(made_for.pad.mode):
        keep_to_measured(analyzer.embedder.manifest)
    network = open_network(settings, made_for) if needs_network(settings, door) else None
    return look_for_attacks(analyzer, network)


def look_at_turns(settings: Settings) -> None:
    """Raises `ModelError` if a door's settings demand a turn, and the network for faces must not be used for it."""
    if any(door.pad is not None and _is_turn(door.pad) for door in settings.doors):
        keep_to_measured(read_manifest(_embedding_manifest(settings)))


def look_at_network(settings: Settings) -> str:
    """Which network is used, in words. Raises `ModelError` for one that is missing, damaged or no such network."""
    folder = networks_dir(settings)
    load_passive(settings.pad.network, folder)
    return f"{settings.pad.network} in {folder}"


def _is_turn(mode: PadMode) -> bool:
    return mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)


def _embedding_manifest(settings: Settings) -> Path:
    folder = settings.vision.models_dir
    return (Path(folder) if folder else shipped_models_dir()) / f"{EMBEDDING}.json"


def _unmeasured(settings: Settings) -> str:
    """Why no turn can be asked for with the network for faces; "" if it can, or if its manifest can't be read."""
    try:
        manifest = read_manifest(_embedding_manifest(settings))
    except ModelError:
        return ""
    try:
        keep_to_measured(manifest)
    except ModelError as error:
        return f"{error.message} No turn is asked for, so a print is not stopped. {error.hint}"
    return ""


def _announced(settings: Settings) -> tuple[str, float]:
    """The hash and the threshold that the network's manifest states; without one, no hash and a strict threshold."""
    try:
        manifest = read_manifest(networks_dir(settings) / f"{settings.pad.network}.json")
    except ModelError:
        return "", UNKNOWN_THRESHOLD
    return manifest.sha256, UNKNOWN_THRESHOLD if manifest.attack is None else manifest.attack.threshold
