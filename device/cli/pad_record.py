"""What `lintel pad record` calls: one sitting at a camera, said step by step on standard error."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import click

from device.cli.enrollment import own_camera
from device.cli.text.guided import PAUSED
from device.clock import SystemClock
from device.control.client import FILE_NAME, SILENCE_S, Client, control_socket
from device.control.messages import Looking, Missing, Paused, Presented, Recording, RecordPresentations, Said
from device.door_pads import networks_dir
from device.errors import CredentialError, DoorError
from device.failures import in_words
from device.files import RUNTIME_DIR
from device.pad.folder import PadStore, has_manifest, opened, read_clip, read_manifest
from device.pad.looking import CuedLook, load_look
from device.pad.manifest import PadFolder
from device.pad.recording import Finished, Recorder, Wanted, keep
from device.pad.sealing import Sealer
from device.pad.session import Plan, session
from device.settings.tables import Settings
from device.terminal import say

_THERE = "If the service has this camera, record there: `lintel pad record --at DOOR`."


def record_at_camera(settings: Settings, folder: Path, plan: Plan, sealer: Sealer | None) -> dict[str, int]:
    """Records what is missing in a folder; its clips are kept too with a `sealer`. Raises every error of a recording.

    How many presentations of each species there are then, of all people.
    """
    look = load_look(settings.vision, settings.pad.network, networks_dir(settings))
    with opened(folder, _fresh(settings, look)) as store:
        _refuse_other_passphrase(folder, store, sealer)
        if missing := plan.missing(store.manifest):
            clock = SystemClock()
            with closing(own_camera(settings, clock, or_else=_THERE)) as camera:
                recorder = Recorder(camera, look, clock, with_clips=sealer is not None)
                for said in session(recorder, look, look.rule, plan, missing):
                    if isinstance(said, Finished):
                        keep(said, store, sealer)
                        say("Kept.", err=True)
                    elif said is not None:
                        say(said.words, err=True)
        return counted(store.manifest)


def record_at_door(folder: Path, plan: Plan, door: str) -> dict[str, int]:
    """Has the running service record what is missing, at a door. Raises `DoorError`, also what it met there."""
    there = read_manifest(folder) if has_manifest(folder) else PadFolder()
    if not (missing := plan.missing(there)):
        return counted(there)
    wanted = tuple(Missing(species, number) for species, number in missing)
    request = RecordPresentations(door=door, count=plan.count, missing=wanted)
    client = Client(control_socket() or RUNTIME_DIR / FILE_NAME)
    parts: Iterator[Recording] = client.stream(request, Recording, silence_s=SILENCE_S)  # type: ignore[arg-type]  # a union
    with closing(parts), ExitStack() as stack:  # type: ignore[type-var]  # a generator
        store: PadStore | None = None
        for part in parts:
            if isinstance(part, Looking):
                store = stack.enter_context(opened(folder, _fresh_at(part)))
            elif isinstance(part, Presented) and store is not None:
                keep(_finished(part, plan), store, None)
                say("Kept.", err=True)
            elif isinstance(part, Said | Paused):
                say(part.words if isinstance(part, Said) else PAUSED, err=True)
        if store is None or plan.missing(store.manifest):
            raise DoorError(
                "The service ended this before all was recorded.", hint="See its log: `journalctl -u lintel`."
            )
        return counted(store.manifest)


def _fresh_at(looking: Looking) -> PadFolder:
    return PadFolder(
        camera=f"door {looking.door}",
        network_sha256=looking.network_sha256,
        embedding_sha256=looking.embedding_sha256,
    )


def _finished(part: Presented, plan: Plan) -> Finished:
    wanted = Wanted(part.species, plan.person, plan.hand, plan.devices.get(part.species, ""))
    return Finished(wanted, datetime.fromisoformat(part.recorded_at), part.references, part.prompts, part.frames)


def counted(manifest: PadFolder) -> dict[str, int]:
    """How many presentations of each species there are."""
    return dict(Counter(one.species for one in manifest.presentations))


def passphrase(file: Path | None, *, is_new: bool = True) -> str:
    """The first line of a file, or typed, a new one twice. Raises `CredentialError` for a file that can't be read."""
    if file is None:
        typed: str = click.prompt("Passphrase for the clips", hide_input=True, confirmation_prompt=is_new, err=True)
        return typed
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
    except (OSError, ValueError) as error:
        raise CredentialError(
            f"Cannot read the passphrase from {file}: {in_words(error)}.", hint="Write it into the file's first line."
        ) from None


def _fresh(settings: Settings, look: CuedLook) -> PadFolder:
    return PadFolder(
        camera=settings.cameras[0].name,
        network_sha256=look.network_sha256,
        embedding_sha256=look.embedding_sha256,
    )


def _refuse_other_passphrase(folder: Path, store: PadStore, sealer: Sealer | None) -> None:
    """Raises `CredentialError` if the clips that are there have another: one folder has one passphrase."""
    clips = [one for one in store.manifest.presentations if one.clip_sha256]
    if sealer is not None and clips:
        sealer.opened(clips[0].name, read_clip(folder, clips[0]))
