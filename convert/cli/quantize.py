"""`lintel-convert quantize`: networks in Keras to TFLite files, what that costs, and whether it is worth it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from device.commandline import NumberRange
from device.terminal import put, put_json, say

if TYPE_CHECKING:
    from convert.conversion.conversions import Conversion, Plan, Report

QUANTIZATIONS = ("float32", "float16", "dynamic-range", "full-int8")
RUNTIMES = ("ai-edge-litert", "tflite-runtime", "tensorflow")


@click.command(
    epilog="Exit codes: 0 done, 1 the gate refused a file, 4 model or runtime, 5 pairs or images, "
    "12 TensorFlow is missing, 14 a package, 15 a network or its sidecar."
)
@click.argument("networks", metavar="NETWORK...", nargs=-1, required=True)
@click.option("--quantization", type=click.Choice(QUANTIZATIONS), help="Quantization; by default full-int8.")
@click.option("--all", "every", is_flag=True, help="All four quantizations.")
@click.option("--integer-io", is_flag=True, help="full-int8 takes and gives int8; the door's own code takes float32.")
@click.option("--pairs", "pairs_file", type=click.Path(path_type=Path), help="Labelled pairs: the gate judges by them.")
@click.option("--images", type=click.Path(path_type=Path), help="The folder of the pairs' images.")
@click.option(
    "--protocol", type=click.Choice(["lfw", "csv"]), help="Form of the pairs; by default csv for *.csv, else lfw."
)
@click.option("--representative", type=click.Path(path_type=Path), help="A folder of aligned chips, for int8's ranges.")
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of detector and mesh; by default, those of Lintel."
)
@click.option(
    "--runtime-python",
    "pythons",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Python of another environment, to try its TFLite runtimes too. May be repeated.",
)
@click.option(
    "--require",
    "required",
    type=click.Choice(RUNTIMES),
    multiple=True,
    default=RUNTIMES[:1],
    show_default=True,
    help="A runtime that a file must run in. May be repeated.",
)
@click.option(
    "--max-tar-loss",
    type=NumberRange(0, 100),
    default=0.3,
    show_default=True,
    help="Points of TAR at FMR 1e-3 that a file may cost, against Keras in float32.",
)
@click.option(
    "--min-cosine",
    type=NumberRange(-1, 1),
    default=0.98,
    show_default=True,
    help="The least median cosine of the embeddings with those of Keras.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the report and the files that were not refused."
)
@click.option(
    "--into", type=click.Path(path_type=Path), help="Install the file, if it passes, into this models folder."
)
@click.option("--dataset", help="With --into: what --images are; by default the folder's name.")
@click.option(
    "--fmr", type=NumberRange(0, 0.1, min_open=True), default=1e-4, show_default=True, help="Target FMR of those."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def quantize(
    networks: tuple[str, ...],
    quantization: str | None,
    every: bool,
    integer_io: bool,
    pairs_file: Path | None,
    images: Path | None,
    protocol: str | None,
    representative: Path | None,
    models: Path | None,
    pythons: tuple[Path, ...],
    required: tuple[str, ...],
    max_tar_loss: float,
    min_cosine: float,
    out: Path | None,
    into: Path | None,
    dataset: str | None,
    fmr: float,
    as_json: bool,
) -> int:
    """Convert networks to TFLite, measure what that costs, and refuse what costs too much.

    A NETWORK is a .keras file or a SavedModel with its sidecar .json beside it, or `dlib-resnet`, the one Lintel comes
    with. Each file is compared with its network in Keras, float32: on the faces of labelled pairs, cut with the door's
    own code, or without --pairs on chips that the quantizer has not seen; then the gate cannot judge. With LFW's own
    pairs, whose images lie in a folder for each person, it judges by comparing everybody with everybody.
    """
    chosen = _chosen(quantization, every=every, integer_io=integer_io)
    plain = len(networks) * len(chosen) == 1 and not integer_io
    own_chips, labelled = representative is not None, pairs_file is not None
    mistakes = (
        (labelled != (images is not None), "--pairs and --images go together."),
        (
            into is not None and not (plain and labelled),
            "--into takes one network and one quantization, with --pairs and float input.",
        ),
        (into is None and dataset is not None, "--dataset goes with --into."),
        (into is None and _given("fmr"), "--fmr goes with --into."),
        (not labelled and protocol is not None, "--protocol goes with --pairs."),
        (not labelled and _given("max_tar_loss"), "--max-tar-loss goes with --pairs."),
        (
            labelled and own_chips and "full-int8" not in chosen,
            "With --pairs, --representative is for full-int8 alone.",
        ),
        (
            not labelled and own_chips and models is not None,
            "--models finds faces: with --representative and without --pairs there is nothing to find.",
        ),
    )
    for made, mistake in mistakes:
        if made:
            raise click.UsageError(mistake)
    protocol = protocol or ("csv" if pairs_file is not None and pairs_file.suffix.lower() == ".csv" else "lfw")

    from convert.conversion.conversion_report import markdown, write_report
    from convert.conversion.conversions import Plan, convert_networks
    from convert.conversion.runtimes import find_places
    from convert.finder import Finder
    from convert.folders import note_left_out
    from convert.gate import POINT, Budget, Outcome
    from convert.measuring.protocols import Protocol, read_pairs
    from convert.progress import bar
    from convert.quantize import Quantization
    from device.images import image_files
    from device.vision.models import shipped_models_dir

    plan = Plan(
        quantizations=tuple(Quantization(name) for name in chosen),
        finder=Finder(models or shipped_models_dir()),
        places=find_places(pythons),
        budget=Budget(max_tar_loss * POINT, min_cosine, frozenset(required)),
        integer_io=integer_io,
        representative=representative,
        people_by_folder=protocol == Protocol.LFW,
    )
    if representative is not None:
        note_left_out(representative, image_files(representative))
    pairs = read_pairs(pairs_file, images, Protocol(protocol)) if pairs_file and images else ()
    report = convert_networks(networks, plan, pairs, bars=bar)
    put_json(_json(report)) if as_json else put(markdown(report))
    for path in write_report(report, out) if out is not None else ():
        say(f"written: {path}", err=True)
    if any(conversion.verdict.outcome is Outcome.REFUSED for conversion in report.conversions):
        return 1
    if into is not None and images is not None:
        if report.conversions[0].verdict.outcome is not Outcome.PASSED:
            return 1
        _install(report.conversions[0], plan, into, images, (dataset or images.resolve().name, fmr))
    return 0


def _chosen(quantization: str | None, *, every: bool, integer_io: bool) -> tuple[str, ...]:
    if every and quantization is not None:
        raise click.UsageError("--all and --quantization exclude each other.")
    chosen = QUANTIZATIONS if every else (quantization or "full-int8",)
    if integer_io and "full-int8" not in chosen:
        raise click.UsageError("--integer-io is for full-int8.")
    return chosen


def _given(option: str) -> bool:
    """Whether an option that has a default was given all the same."""
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def _json(report: "Report") -> str:
    import msgspec

    from convert.conversion.conversion_report import document

    return msgspec.json.format(msgspec.json.encode(document(report)), indent=2).decode()


def _install(conversion: "Conversion", plan: "Plan", into: Path, images: Path, data: tuple[str, float]) -> None:
    """With the design and the fusion that `lintel-convert calibrate` takes by default."""
    from convert.calibrate import UNIT_LENGTH, Target
    from convert.conversion.install import install_calibrated, refit
    from convert.folders import note_left_out
    from convert.measuring.door_protocol import design_of
    from convert.measuring.protocols import person_images
    from convert.progress import bar

    dataset, fmr = data
    target = Target(fmr, design_of(3, 3), UNIT_LENGTH, dataset)
    paths = person_images(images)
    note_left_out(images, paths)
    with bar("Calibrating", len(paths)) as step:
        found = install_calibrated(
            conversion,
            into,
            plan.finder.models,
            lambda trial: refit(trial, images, target, finder=plan.finder, step=step),
        )
    say(f"written: {into}", err=True)
    for point in found.rule.points:
        say(f"threshold {point.threshold} for {point.references} x {point.probes}", err=True)
