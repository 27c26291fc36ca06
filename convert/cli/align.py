"""`lintel-convert align`: chips to train on, from photos."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from convert.alignments import ALIGNMENTS, BY_LANDMARKS, alignment_named, resized
from device.terminal import put_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convert.training.chips import Aligned


@click.command(
    epilog="Exit codes: 0 done, photos without a chip are named, 1 no photo gave a chip, 4 model, "
    "5 the folders cannot be used."
)
@click.argument("photos", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--alignment",
    type=click.Choice(BY_LANDMARKS),
    default="arcface",
    show_default=True,
    help="Which chips: "
    + "; ".join(
        f"{name}, {alignment_named(name).size_px} pixels, for {ALIGNMENTS[name].whose}" for name in BY_LANDMARKS
    )
    + ".",
)
@click.option(
    "--size", type=click.IntRange(8, 1024), help="Width of the chips in pixels, for a network that takes another size."
)
@click.option("--again", is_flag=True, help="Make chips again that exist already.")
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def align(
    photos: Path, out: Path, alignment: str, size: int | None, again: bool, models: Path | None, as_json: bool
) -> int:
    """Cut the aligned chip of the face out of each photo, with the door's own detector, mesh and alignment.

    IN has one subfolder of photos for each person; OUT gets one of chips. An interrupted run can be
    continued.
    """
    from convert.finder import Finder
    from convert.folders import left_out
    from convert.progress import bar
    from convert.training.chips import align_photos, photos_in, record_alignment
    from device.vision.models import shipped_models_dir

    found = photos_in(photos, out)
    others = left_out(photos, (photo.path for photo in found))
    template = alignment_named(alignment) if size is None else resized(alignment_named(alignment), size)
    finder = Finder(models or shipped_models_dir())
    record_alignment(template, out)
    with bar("Aligning", len(found)) as step:
        aligned = align_photos(found, finder, template, step, again=again)
    put_json(_json(aligned, others)) if as_json else say("\n".join(_lines(aligned, others, out)))
    return 0 if aligned.made + aligned.kept else 1


def _json(aligned: "Aligned", others: "Mapping[Path, str]") -> str:
    import msgspec

    from convert.folders import as_json

    failures, left = as_json(aligned.failures, "photo"), as_json(others, "file")
    document = {"made": aligned.made, "kept": aligned.kept, "failures": failures, "left_out": left}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _lines(aligned: "Aligned", others: "Mapping[Path, str]", out: Path) -> list[str]:
    from convert.folders import left_out_lines, listed

    return [
        f"{aligned.made} chips made in {out}, {aligned.kept} existed already",
        *listed(f"photos without a chip: {len(aligned.failures)}", aligned.failures),
        *left_out_lines(others),
    ]
