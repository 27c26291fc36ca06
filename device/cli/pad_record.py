"""What `lintel pad record` calls: one sitting at this machine's camera, said step by step on standard error."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import click

from device.cli.enrollment import own_camera
from device.clock import SystemClock
from device.door_pads import networks_dir
from device.errors import CredentialError
from device.failures import in_words
from device.pad.folder import PadStore, opened, read_clip
from device.pad.looking import CuedLook, load_look
from device.pad.manifest import PadFolder
from device.pad.recording import Finished, Recorder, keep
from device.pad.sealing import Sealer
from device.pad.session import Plan, session
from device.settings.tables import Settings
from device.terminal import say

_STOP = "If the service has this camera, stop it first: `sudo systemctl stop lintel`."


def record_at_camera(settings: Settings, folder: Path, plan: Plan, sealer: Sealer | None) -> dict[str, int]:
    """Records what is missing in a folder; its clips are kept too with a `sealer`. Raises every error of a recording.

    How many presentations of each species there are then, of all people.
    """
    look = load_look(settings.vision, settings.pad.network, networks_dir(settings))
    with opened(folder, _fresh(settings, look)) as store:
        _refuse_other_passphrase(folder, store, sealer)
        if missing := plan.missing(store.manifest):
            clock = SystemClock()
            with closing(own_camera(settings, clock, or_else=_STOP)) as camera:
                recorder = Recorder(camera, look, clock, with_clips=sealer is not None)
                for said in session(recorder, look, look.rule, plan, missing):
                    if isinstance(said, Finished):
                        keep(said, store, sealer)
                        say("Kept.", err=True)
                    elif said is not None:
                        say(said.words, err=True)
        return counted(store.manifest)


def counted(manifest: PadFolder) -> dict[str, int]:
    """How many presentations of each species there are."""
    return dict(Counter(one.species for one in manifest.presentations))


def passphrase(file: Path | None) -> str:
    """The first line of a file, or typed twice. Raises `CredentialError` for a file that can't be read."""
    if file is None:
        typed: str = click.prompt("Passphrase for the clips", hide_input=True, confirmation_prompt=True, err=True)
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
