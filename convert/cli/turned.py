"""`lintel-convert turned`: how well the network knows turned faces, which a door that asks for a turn has to know."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.terminal import put_json, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.vision.manifest import OwnFrames, Turned


@click.command(epilog="Exit codes: 0 done, 4 model, 5 the clips do not show what they should.")
@click.option(
    "--clips",
    "paths",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A clip, or a folder of clips. May be repeated.",
)
@click.option("--dataset", help="Name of the clips in the manifest; by default, that of the first folder.")
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option("--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads for embedding.")
@click.option("--dry-run", is_flag=True, help="Print, and change no manifest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def turned(
    paths: tuple[Path, ...], dataset: str | None, models: Path | None, threads: int, dry_run: bool, as_json: bool
) -> int:
    """Measure how well the network knows people whose heads are turned.

    Each clip shows one person who looks at the camera for two seconds and then turns the head to both sides. Frames of
    those two seconds are the references. Each later frame is compared with them, on its own, at the network's threshold
    for a false match rate of 1e-3, as a door does that asks for a turn. How many match at which angle is written into
    the manifest: without it no door asks for a turn with that network.
    """
    import msgspec

    from convert.turned import clips_of, measured
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer
    from device.vision.manifest import read_manifest, write_manifest
    from device.vision.models import EMBEDDING, shipped_models_dir

    folder = models or shipped_models_dir()
    path = folder / f"{EMBEDDING}.json"
    manifest = read_manifest(path)
    analyzer = load_analyzer(VisionSettings(models_dir=str(folder), threads=threads))
    clips = clips_of(paths)
    found, each = measured(clips, analyzer, dataset or paths[0].resolve().name)
    if as_json:
        document = {"turned": found, "clips": dict(zip(map(str, clips), each, strict=True))}
        put_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        say("\n".join(_lines(found, clips, each)))
    if not dry_run:
        write_manifest(msgspec.structs.replace(manifest, turned=found), path)
        say(f"written to {path}", err=True)
    return 0


def _lines(found: "Turned", clips: "Sequence[Path]", each: "Sequence[tuple[OwnFrames, ...]]") -> "Iterator[str]":
    yield f"frames that match at {found.threshold:.3f}, by degrees of the turn"
    names = [click.format_filename(clip.name) for clip in clips]
    wide = max(map(len, [*names, "all"]))
    ranges = [f"{one.from_deg:g}-{one.to_deg:g}" for one in found.own_frames]
    yield f"{'':{wide}}  " + "  ".join(f"{one:>9}" for one in ranges)
    for name, own in [*zip(names, each, strict=True), ("all", found.own_frames)]:
        counts = (f"{one.matching}/{one.frames}" if one.frames else "-" for one in own)
        yield f"{name:{wide}}  " + "  ".join(f"{one:>9}" for one in counts)
