"""`lintel-convert install`: a network of the catalogue, with the thresholds that were measured for it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.terminal import put_json, say
from device.user_folders import own_state

if TYPE_CHECKING:
    from convert.installing import Installed

FOLDER = "models"
"""Below a state folder, where doors look for the owner's networks."""
UNIT_STATE = Path("/var/lib/lintel")
"""The state folder of the unit in systemd/."""


@click.command(
    epilog="Exit codes: 0 done, 1 the terms were not accepted, 2 wrong use, 4 a model or its folder, "
    "12 TensorFlow is missing, 15 the weights are not what they should be. Against presentation attacks, 1 also: the "
    "gate refused the file."
)
@click.argument("name")
@click.option("--from", "source", type=click.Path(path_type=Path), required=True, help="The file as it is published.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="Folder of the models.  [default: NAME; against presentation attacks, where this user's door looks]",
)
@click.option("--yes", is_flag=True, help="Accept the terms of the weights, which are printed.")
@click.option(
    "--any-hash", is_flag=True, help="Take a file with another SHA-256; what it gives must still be the same."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def install(name: str, source: Path, into: Path | None, yes: bool, any_hash: bool, as_json: bool) -> int:
    """Install the known network NAME, with thresholds and error rates that come with Lintel.

    The published file is read, quantized with chips that are made of Lintel's two portraits, and compared with the
    numbers on record: what is not the network that was measured is refused. No pictures of people are needed.

    References made by another network are not used any more: enroll those people again.

    A network against presentation attacks is imported as `lintel-convert import` does it, into the folder where a door
    looks for it.
    """
    from convert.catalogue import catalogue
    from convert.installing import install_known, terms_of

    entry = catalogue().get(name)
    is_passive = entry is not None and entry.attack is not None
    license_, terms = (entry.license, entry.all_terms) if entry is not None and is_passive else terms_of(name)
    say(f"license  {license_}\nterms    {terms}", err=True)
    if not yes and not _accepted():
        say("Nothing was installed.", err=True)
        return 1
    if is_passive:
        return _install_passive(name, source, into, any_hash=any_hash, as_json=as_json)
    folder = (into or Path(name)).absolute()
    installed = install_known(name, source, folder, any_hash=any_hash, progress=_progress)
    put_json(_json(installed)) if as_json else say("\n".join(_lines(installed)))
    return 0


def _install_passive(name: str, source: Path, into: Path | None, *, any_hash: bool, as_json: bool) -> int:
    from convert.cli.passive_text import report_on
    from convert.passive import import_passive

    folder = _networks_dir() if into is None else into.absolute()
    code = report_on(import_passive(name, source, folder, any_hash=any_hash, progress=_progress), as_json=as_json)
    if code == 0:
        pair = f"{name}.tflite and {name}.json of {folder}"
        say(
            f"Give it to the doors: copy {pair} into {UNIT_STATE / FOLDER} on the Pi, and in the settings:\n"
            f'  [pad]\n  network = "{name}"',
            err=as_json,
        )
    return code


def _networks_dir() -> Path:
    """Where a door that this user runs looks. Raises `UsageError`."""
    state = own_state()
    if state is None:
        raise click.UsageError("This user has no home folder: name one with --into.")
    return state / FOLDER


def _accepted() -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("Accept the terms with --yes: there is no terminal to ask at.")
    return click.confirm("Accept these terms?", default=False, err=True)


def _progress(line: str) -> None:
    say(line, err=True)


def _lines(installed: "Installed") -> list[str]:
    facts, manifest = installed.facts, installed.manifest
    same = "the very file" if installed.is_same_file else "another file than that"
    maker = facts.built_with
    return [
        f"{installed.folder}  {maker.quantization}, {manifest.size_bytes} bytes, SHA-256 {manifest.sha256[:16]}...",
        f"proven   by the two portraits: cosine {installed.network_cosine:.6f} in float, "
        f"{installed.file_cosine:.6f} of the file",
        f"file     {same} that was measured, by TensorFlow {maker.tensorflow} on {maker.cpu}",
        *_rate_lines(installed),
        f"card     {installed.folder / 'CARD.md'}",
        "Give it to the doors, in the settings:",
        "  [vision]",
        f'  models_dir = "{installed.folder}"',
        "References that another network made are not used any more: `lintel people list --stale` lists who has to be",
        "enrolled again.",
    ]


def _rate_lines(installed: "Installed") -> list[str]:
    figures, rule = installed.facts.figures, installed.facts.decision
    return [
        f"rates    {point.references} x {point.probes} at {point.threshold:.5f}: FMR {point.fmr.rate:.1e} "
        f"({point.fmr.errors} of {point.fmr.comparisons}), FNMR {point.fnmr.rate:.2%} "
        f"({point.fnmr.errors} of {point.fnmr.comparisons}), {rule.dataset}"
        for point in figures.points[:3]
    ]


def _json(installed: "Installed") -> str:
    import msgspec

    from device.vision.manifest import encoded

    document = {
        "folder": str(installed.folder),
        "is_same_file": installed.is_same_file,
        "network_cosine": installed.network_cosine,
        "file_cosine": installed.file_cosine,
        "manifest": msgspec.Raw(encoded(installed.manifest)),
        "figures": installed.facts.figures,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
