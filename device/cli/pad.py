"""`lintel pad`: what presentation attack detection is worth at this door, with the owner's people and pictures."""

from pathlib import Path

import click

from device.cli.completion import complete_door
from device.cli.context import json_option, print_json, settings_of
from device.commandline import FilePath, Printable
from device.terminal import say

SPECIES = ("live", "print", "phone", "tablet", "cut-out")
MODES = ("passive", "turn-in-doubt", "turn")


class Device(Printable):
    """`SPECIES=NAME`: on what a species is shown."""

    name = "species=name"

    def meant(self, value: str) -> str:
        """The text. Raises `ValueError`."""
        species, separator, name = super().meant(value).partition("=")
        if species not in SPECIES[1:] or not separator or not name.strip() or len(name) > 64:
            raise ValueError(f"expected one of {', '.join(SPECIES[1:])}, then = and a name, received {value!r}")
        return f"{species}={name.strip()}"


class Label(Printable):
    """What the owner calls a person."""

    name = "label"

    def meant(self, value: str) -> str:
        """The text. Raises `ValueError`."""
        text = super().meant(value)
        if len(text) > 64:
            raise ValueError(f"expected a label of at most 64 letters, received {len(text)}")
        return text


@click.group(
    epilog="Exit codes: 0 done, 1 no threshold can be set, 3 settings, 4 model, 5 folder or clip, 6 camera, 7 no such "
    "door, 8 folder, 9 passphrase, 12 package missing. More: docs/pad.md."
)
def pad() -> None:
    """Measure presentation attack detection at a door."""


@pad.command(
    epilog="Exit codes: 0 all recorded, 3 settings, 4 model, 5 damaged folder, 6 camera, 7 door, 8 folder, "
    "9 passphrase, 12 package missing, 74 disk, 130 interrupted: what was complete is kept."
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--camera", is_flag=True, help="Record at this machine's camera, the first of the settings.")
@click.option("--at", "door", metavar="DOOR", shell_complete=complete_door, help="At a door whose service runs.")
@click.option("--person", type=Label(), required=True, help="Whose face is shown: a label that you choose, such as p1.")
@click.option("--hand", type=Label(), help="Who presents it, an attack; by default the same person.")
@click.option(
    "--species",
    type=click.Choice(SPECIES),
    multiple=True,
    help="What to record; repeat it. By default, all that this hand can present.",
)
@click.option(
    "--device", "devices", type=Device(), multiple=True, help='On what it is shown, as in phone="Pixel 7"; repeat it.'
)
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="Presentations of each.")
@click.option("--keep-clips", is_flag=True, help="Keep the clips too, encrypted with a passphrase that is asked for.")
@click.option(
    "--passphrase-file", type=FilePath(), help="With --keep-clips: read the passphrase from a file's first line."
)
@json_option
@click.pass_context
def record(
    context: click.Context,
    folder: Path,
    camera: bool,
    door: str | None,
    person: str,
    hand: str | None,
    species: tuple[str, ...],
    devices: tuple[str, ...],
    count: int,
    keep_clips: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Record presentations into FOLDER, guided: live people, prints, phones, tablets and cut-outs.

    Read out what the command says. It waits until the view is empty, then for a face, and records 5 seconds; after 2 it
    asks for a turn of the head. --count presentations of each species are recorded with this person and hand; those
    that are in FOLDER already count, so run it again to go on, with others to add theirs.

    --at asks the running service, which has the door's camera; a person with a badge there goes first.

    Kept are each frame's cue values, as numbers: no picture, and nothing a face could be made of again. With
    --keep-clips the clips are kept too, encrypted; without the passphrase they are lost.
    """
    if camera == (door is not None):
        raise click.UsageError("Give --camera or --at, one of them.")
    if keep_clips and door is not None:
        raise click.UsageError("--keep-clips is for --camera: a service gives no pictures away.")
    if passphrase_file is not None and not keep_clips:
        raise click.UsageError("--passphrase-file is for --keep-clips.")
    from device.cli.pad_record import passphrase, record_at_camera, record_at_door
    from device.cli.text.pad import recorded_lines
    from device.pad.sealing import Sealer
    from device.pad.session import Plan

    by_another = hand not in (None, person)
    if by_another and "live" in species:
        raise click.UsageError("A live person presents their own face: leave out --hand, or `--species live`.")
    names = species or (SPECIES[1:] if by_another else SPECIES)
    plan = Plan(person, hand or person, names, count, dict(one.split("=", 1) for one in devices))
    sealer = Sealer(passphrase(passphrase_file)) if keep_clips else None
    say(f"{person}, whose face is shown, looks at the camera first. Then {plan.hand} presents it.", err=True)
    try:
        if door is not None:
            counts = record_at_door(folder, plan, door)
        else:
            counts = record_at_camera(settings_of(context), folder, plan, sealer)
    except KeyboardInterrupt:
        say("What was complete is kept. Run the command again to go on.", err=True)
        raise
    if as_json:
        print_json({"folder": str(folder), "presentations": counts})
    else:
        say("\n".join(recorded_lines(folder, counts)))


@pad.command(
    epilog="Exit codes: 0 evaluated, 1 --apply: no threshold can be set, 3 settings, 4 model, 5 folder or clip, "
    "6 damaged clip, 7 no such door, 8 state folder, 9 passphrase, 12 package missing."
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--door", shell_complete=complete_door, help="At which door's settings; needed if there are several.")
@click.option("--pad", "mode", type=click.Choice(MODES), help="The mode to evaluate; by default the door's own.")
@click.option("--clips", is_flag=True, help="Look at the encrypted clips again, as with another network.")
@click.option("--passphrase-file", type=FilePath(), help="With --clips: read the passphrase from a file's first line.")
@click.option("--apply", "apply_", is_flag=True, help="Give the door the threshold that the presentations support.")
@json_option
@click.pass_context
def evaluate(
    context: click.Context,
    folder: Path,
    door: str | None,
    mode: str | None,
    clips: bool,
    passphrase_file: Path | None,
    apply_: bool,
    as_json: bool,
) -> int:
    """Evaluate the presentations in FOLDER at a door's policy, and each cue alone.

    FOLDER is one that `lintel pad record` wrote, or one of clips by species: live/, print/, phone/ and others, the
    files named PERSON-NUMBER. Pictures of the people are in references/, and of the empty view in empty/.

    An attack counts as accepted if any start of it is, one each half a second, with a turn asked for in either
    direction; all starts of a clip are one presentation. A live clip counts where the turn that is asked for begins
    within 2 s. APCER is of attack detection alone, IAPAR of the whole transaction with the badge of the person whose
    face is shown. Bounds are exact, 95 %. "shown: <= 7 %" takes 42 error-free presentations of a species by 42
    different hands.

    --apply writes the door's own threshold of the passive network. The door takes it at its next start.
    """
    if passphrase_file is not None and not clips:
        raise click.UsageError("--passphrase-file is for --clips.")
    from device.cli.pad_evaluate import apply_threshold, evaluated
    from device.cli.pad_record import passphrase
    from device.cli.text.pad import evaluation_document, evaluation_lines
    from device.pad.sealing import Sealer

    settings = settings_of(context)
    sealer = Sealer(passphrase(passphrase_file, is_new=False)) if clips else None
    found = evaluated(settings, folder, door, mode, sealer=sealer)
    applied = apply_threshold(settings, found) if apply_ and found.evaluation.proposal.threshold is not None else None
    if as_json:
        print_json(evaluation_document(found, applied))
    else:
        say("\n".join(evaluation_lines(found, applied, is_to_apply=apply_)))
    return 1 if apply_ and applied is None else 0
