"""A door's own threshold of the passive network: written by `lintel pad evaluate --apply`, read when the door starts.

A file for each door in the state folder, beside the database: `pad/DOOR.json`. It holds for the network that it was set
for, known by its hash; with another one the door has none. What it was set on stands beside it, as counts.
"""

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from device.errors import StoreError
from device.failures import in_words, named
from device.files import make_private, write_whole

FOLDER = "pad"
LEAST, MOST = 0.30, 0.70
"""Below the first a door takes nothing for a live face, above the second it asks for no more."""
_MOST_BYTES = 65_536
_HINT = "Set it again: `lintel pad evaluate FOLDER --apply`."


class OwnThreshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The least mean probability of a live face, 0..1, at one door, and on how much it was set."""

    version: Annotated[int, Meta(ge=1, le=1)] = 1
    door: str
    threshold: Annotated[float, Meta(ge=LEAST, le=MOST)]
    network_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    set_at: str
    """ISO 8601, UTC."""
    live_presentations: Annotated[int, Meta(ge=1)]
    live_people: Annotated[int, Meta(ge=1)]
    live_refused: Annotated[int, Meta(ge=0)]
    """How many of those presentations it refuses."""
    attacks: Annotated[int, Meta(ge=1)]
    """How many attacks it refuses, which are all that were presented."""
    shown_in: str = ""
    """The mode in which it was shown that of each kind of attack fewer than 7 % are accepted; "" if that was not."""


def own_threshold(state_dir: Path, door: str, network_sha256: str) -> OwnThreshold | None:
    """That of a door, None if it has none for this network. Raises `StoreError` for a file that is damaged."""
    path = path_of(state_dir, door)
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_MOST_BYTES), type=OwnThreshold)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"Cannot read the door's own threshold {path}: {in_words(error)}.", hint=_HINT) from None
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise StoreError(f"The door's own threshold {path} is damaged: {error}.", hint=_HINT) from None
    return found if (found.door, found.network_sha256) == (door, network_sha256) else None


def write_own_threshold(state_dir: Path, own: OwnThreshold) -> Path:
    """Puts it in its place in one step, and on the disk. Raises `StoreError`."""
    path = path_of(state_dir, own.door)
    with named(StoreError, f"Cannot write the door's own threshold {path}", hint="Check that the disk has room."):
        make_private(path.parent)
        content = msgspec.json.format(msgspec.json.encode(own), indent=2) + b"\n"
        write_whole(path, content, durable=True, mode=0o600)
    return path


def path_of(state_dir: Path, door: str) -> Path:
    """Where a door's is kept: by its name where that can be a file's, with its hash where two could be alike."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in door)
    suffix = "" if plain == door and len(door) <= 64 else f".{hashlib.sha256(door.encode()).hexdigest()[:8]}"
    return state_dir / FOLDER / f"{plain[:64]}{suffix}.json"
