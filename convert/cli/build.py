"""`lintel-convert build`: the models of the door, from published files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.terminal import put_json, say

if TYPE_CHECKING:
    from convert.check import Finding


@click.command(
    epilog="Exit codes: 0 done, 1 a committed file is not proven, 12 TensorFlow is missing, 14 a package, 15 weights."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to; by default, the models in use.")
@click.option("--representative", type=click.Path(path_type=Path), help="A folder of your own aligned chips, 150x150.")
@click.option("--check", is_flag=True, help="Rebuild in a temporary folder and compare; changes no model.")
@click.option("--fetch-only", is_flag=True, help="Only download the published files into the cache.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print JSON to standard output.")
def build(out: Path | None, representative: Path | None, check: bool, fetch_only: bool, as_json: bool) -> int:
    """Build the three models of the door, or prove the committed ones.

    Fetches two pinned packages through pip into a cache, checks their hashes and runs none of their code; takes
    detector and landmarks as they are; rebuilds the embedding network in Keras and quantizes it to full int8.
    """
    if fetch_only and (out or representative or check):
        raise click.UsageError("--fetch-only goes with no other option.")
    if as_json and not check:
        raise click.UsageError("--json goes with --check.")

    from convert.folders import note_left_out
    from convert.published.sources import MEMBERS
    from device.images import image_files
    from device.vision.models import shipped_models_dir

    if fetch_only:
        from convert.published.fetch import fetch

        for name in MEMBERS:
            fetch(name, progress=_tell)
        return 0
    folder = out or shipped_models_dir()
    if representative is not None:
        note_left_out(representative, image_files(representative))
    if check:
        from convert.check import check_models

        return _told(check_models(folder, representative=representative, progress=_tell), as_json=as_json)
    from convert.build import build as built
    from convert.build import left_to_do

    manifests = built(folder, representative=representative, progress=_tell).manifests
    for manifest in manifests:
        say(f"{folder / manifest.file}  {manifest.size_bytes / 1e6:.1f} MB  SHA-256 {manifest.sha256[:16]}...")
    for line in left_to_do(manifests[-1], folder, representative):
        _tell(line)
    return 0


def _tell(line: str) -> None:
    say(line, err=True)


def _told(findings: "tuple[Finding, ...]", *, as_json: bool) -> int:
    """Prints what was found; the exit code."""
    if as_json:
        import msgspec

        put_json(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode())
    else:
        for finding in findings:
            say(f"{finding.file}: {'proven' if finding.proven else 'NOT PROVEN'}, {finding.how}")
    return 0 if all(finding.proven for finding in findings) else 1
