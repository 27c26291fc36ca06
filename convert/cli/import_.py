"""`lintel-convert import`: published weights, or one's own network, to a Keras network with its sidecar.

A known network against presentation attacks goes all the way to the pair that a door opens (`convert.passive`).
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from convert.alignments import BY_LANDMARKS
from convert.cli.passive_text import report_on
from convert.networks.table import embedding_networks
from device.commandline import NumberRange, Printable
from device.terminal import put_json, say

if TYPE_CHECKING:
    from convert.importing import Imported
    from device.vision.manifest import AttackSpec

NAME = r"\w[\w.-]{0,63}"
NEEDED = ("size", "alignment", "license_")
NEEDED_OF_ATTACK = ("size", "crop_scale", "live_index", "license_")
ATTACK_OPTIONS = ("crop_scale", "live_index", "threshold")
OWN_NETWORK_OPTIONS = (
    "network",
    "length",
    "size",
    "scale",
    "offset",
    "color",
    "alignment",
    "license_",
    "terms",
    "leave_out_lambda",
    *ATTACK_OPTIONS,
)
"""What a known network's entry in the catalogue decides."""


class _WithKnown(click.Command):
    """A command whose help ends in the table of known weights."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table, then the exit codes."""
        from convert.catalogue import catalogue

        readable = {name: entry for name, entry in catalogue().items() if entry.readable}
        with formatter.section("Known"):
            formatter.write_dl([(name, f"{one.description} {one.license}.") for name, one in readable.items()])
        super().format_epilog(ctx, formatter)


@click.command(
    name="import",
    cls=_WithKnown,
    epilog="Exit codes: 0 done, 1 the gate refused a file, 2 wrong use, 4 a model or its folder, "
    "12 TensorFlow is missing, 15 the weights are not what they should be.",
)
@click.argument("name")
@click.option(
    "--from", "source", type=click.Path(path_type=Path), required=True, help="The file, or the folder of files."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder for NAME.keras and NAME.json; against presentation attacks, NAME.tflite and NAME.json.",
)
@click.option("--any-hash", is_flag=True, help="Take a file with another SHA-256 than the known one.")
@click.option(
    "--network", type=click.Choice(embedding_networks()), help="Own: the network that a weights-only .h5 file is for."
)
@click.option("--length", type=click.IntRange(1, 4096), help="Own: how many numbers that --network gives, say 512.")
@click.option("--size", type=click.IntRange(16, 512), help="Own: width and height of the chip, in pixels.")
@click.option("--scale", type=float, default=1.0, help="Own: the network wants pixel * SCALE + OFFSET of 0..255.")
@click.option("--offset", type=float, default=0.0, help="Own: see --scale.")
@click.option("--color", type=click.Choice(("RGB", "BGR")), default="RGB", help="Own: the order of the channels.")
@click.option("--alignment", type=click.Choice(BY_LANDMARKS), help="Own: how faces are brought to the chip.")
@click.option("--license", "license_", type=Printable(), help="Own: the license of the weights.")
@click.option("--terms", type=Printable(), help="Own: what license and training data allow at a door.")
@click.option(
    "--leave-out-lambda",
    is_flag=True,
    help="Own: leave out a Keras file's last layer, a Lambda that only gives vectors unit length.",
)
@click.option(
    "--crop-scale",
    type=NumberRange(1.2, 8),
    help="Own, against presentation attacks: face boxes across the crop. Takes the place of --alignment.",
)
@click.option(
    "--live-index", type=click.IntRange(0), help="Own, against attacks: which logit is a live face's, from 0."
)
@click.option(
    "--threshold",
    type=NumberRange(0, 1, min_open=True, max_open=True),
    default=0.7,
    show_default=True,
    help="Own, against attacks: least probability of a live face.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def import_network(
    name: str,
    source: Path,
    out: Path,
    any_hash: bool,
    network: str | None,
    length: int | None,
    size: int | None,
    scale: float,
    offset: float,
    color: str,
    alignment: str | None,
    license_: str | None,
    terms: str | None,
    leave_out_lambda: bool,
    crop_scale: float | None,
    live_index: int | None,
    threshold: float,
    as_json: bool,
) -> int:
    """Import a network: a known one by its NAME, or your own under a NAME of your choice.

    The hash of known weights is checked, and every tensor is accounted for. Your own may be a .keras, .h5 or .onnx
    file, or the folder of a SavedModel; nothing in it is executed. Layers other than Keras's own, and ONNX operators
    other than those in docs/convert.md, are refused.

    A network against presentation attacks, a known one or your own with --crop-scale, is quantized to dynamic range as
    well, and compared with itself in float: if more than 3 % of its verdicts flip, it is refused. The terms of the
    weights are printed: read them.
    """
    from convert.catalogue import catalogue
    from convert.importing import OWN_TERMS, OwnNetwork, import_known, import_own

    if not re.fullmatch(NAME, name):
        raise click.BadParameter("expected letters, digits, dots and dashes.", param_hint="NAME")
    _check_options(name)
    if name in catalogue() and catalogue()[name].attack is not None:
        from convert.passive import import_passive

        passive = import_passive(name, source, out, any_hash=any_hash, progress=_progress)
        return report_on(passive, as_json=as_json)
    if size is None or license_ is None:
        imported = import_known(name, source, out, any_hash=any_hash)
    else:
        own = OwnNetwork(
            size,
            alignment or "",
            license_,
            terms or OWN_TERMS,
            scale,
            offset,
            bgr=color == "BGR",
            network=network,
            length=length,
            leave_out_lambda=leave_out_lambda,
            attack=_attack(crop_scale, live_index, threshold),
        )
        if own.attack is not None:
            from convert.passive import import_own_passive

            passive = import_own_passive(name, source, out, own=own, progress=_progress)
            return report_on(passive, as_json=as_json)
        imported = import_own(name, source, out, own)
    put_json(_json(imported)) if as_json else say("\n".join(_lines(imported)))
    return 0


def _attack(crop_scale: float | None, live_index: int | None, threshold: float) -> "AttackSpec | None":
    if crop_scale is None or live_index is None:
        return None
    from device.vision.manifest import AttackSpec

    return AttackSpec(crop_scale=crop_scale, output="logits", live_index=live_index, threshold=threshold)


def _progress(line: str) -> None:
    say(line, err=True)


def _check_options(name: str) -> None:
    """Raises `UsageError` for options that a known network's entry decides, that are missing, or would do nothing."""
    from convert.catalogue import catalogue

    own = _given(OWN_NETWORK_OPTIONS)
    if own and name in catalogue():
        raise click.UsageError(
            f"{name} is a known network, which sets {', '.join(own)}: leave that out, or give your own another name."
        )
    _check_attack_options()
    if own and not _given(("crop_scale",)) and len(_given(NEEDED)) < len(NEEDED):
        raise click.UsageError("A network of your own needs --size, --alignment and --license.")
    if own and _given(("any_hash",)):
        raise click.UsageError("--any-hash is for a known network: leave it out.")
    if _given(("length",)) and not _given(("network",)):
        raise click.UsageError("--length is for a --network of this project; a whole network says its own.")


def _check_attack_options() -> None:
    """Raises `UsageError` for options that a network against presentation attacks lacks, or has too many of."""
    given = _given(ATTACK_OPTIONS)
    if given and "--crop-scale" not in given:
        raise click.UsageError(f"{given[0]} goes with --crop-scale.")
    if given and _given(("alignment",)):
        raise click.UsageError("--crop-scale takes the place of --alignment: leave that out.")
    if given and _given(("network", "leave_out_lambda")):
        raise click.UsageError("--crop-scale is for a whole network: leave out --network and --leave-out-lambda.")
    if given and len(_given(NEEDED_OF_ATTACK)) < len(NEEDED_OF_ATTACK):
        raise click.UsageError("With --crop-scale, --size, --live-index and --license are needed.")


def _given(names: tuple[str, ...]) -> list[str]:
    """Which of these options the command line has."""
    context = click.get_current_context()
    given = (name for name in names if context.get_parameter_source(name) is not ParameterSource.DEFAULT)
    return [f"--{name.strip('_').replace('_', '-')}" for name in given]


def _json(imported: "Imported") -> str:
    import msgspec

    from convert.spec import sidecar

    document = {
        "network": str(imported.path),
        "sidecar": str(sidecar(imported.path)),
        "tensors": imported.tensors,
        "weights": imported.weights,
        "spec": imported.spec,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _lines(imported: "Imported") -> list[str]:
    spec = imported.spec
    size = spec.alignment.size_px
    return [
        f"{imported.path}  {imported.tensors} tensors, {imported.weights} weights, every one accounted for",
        f"takes    RGB {size}x{size}, gives {spec.length} numbers",
        f"license  {spec.license}",
        f"terms    {spec.terms}",
    ]
