"""`lintel-convert cluster`: who is on the pictures of a folder, without names."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.terminal import put_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convert.cluster import Agreement, Clustering, Method
    from device.vision.faces import FaceAnalyzer

Agreements = dict[str, "Agreement"]


def _similarity(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    """`click.FloatRange` would take NaN."""
    if value is not None and not -1 <= value < 1:
        raise click.BadParameter(f"expected a similarity of at least -1 and below 1, received {value:g}")
    return value


@click.command(
    epilog="Exit codes: 0 done, pictures without a face are named, 4 model, 5 fewer than two pictures show a face, or "
    "they are too many, 12 scikit-learn is missing."
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write a contact sheet to this PNG file.")
@click.option(
    "--method",
    "method_name",
    type=click.Choice(["average", "dbscan", "hdbscan"]),
    default="average",
    show_default=True,
    help="Average linkage; DBSCAN, for very many pictures; HDBSCAN, which takes no threshold.",
)
@click.option(
    "--threshold",
    type=float,
    callback=_similarity,
    help="Similarity that holds a group together; for average linkage, by default the door's.",
)
@click.option(
    "--labelled", is_flag=True, help="Each subfolder of DIR is one person: report how well the groups agree with them."
)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option(
    "--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads of the TFLite interpreter."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def cluster(
    folder: Path,
    out: Path | None,
    method_name: str,
    threshold: float | None,
    labelled: bool,
    models: Path | None,
    threads: int,
    as_json: bool,
) -> None:
    """Group the pictures in DIR, and in all folders below it, by whom they show.

    Of each picture the face nearest to the middle counts. With --labelled, precision and recall are given over pairs of
    faces and, as B-cubed (Bagga and Baldwin 1998), over faces.
    """
    from convert.cluster import Method, agreements, algorithm, face_files
    from convert.cluster import cluster as clustered
    from convert.contact_sheet import check_sheet_path
    from convert.folders import left_out, left_out_lines
    from convert.progress import bar
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer

    method = Method(method_name)
    if out is not None:
        check_sheet_path(out)
    analyzer = load_analyzer(VisionSettings(models_dir=str(models or ""), threads=threads))
    at = _threshold(method, threshold, analyzer)
    grouping = algorithm(method, at)
    paths = face_files(folder, method)
    others = left_out(folder, paths)
    with bar("Embedding", len(paths)) as step:
        clustering = clustered(paths, analyzer, grouping, step)
    agreed = agreements(clustering, folder) if labelled else {}
    if out is not None:
        _draw(clustering, analyzer, out)
    if as_json:
        put_json(_json(clustering, method, at, agreed, others))
    else:
        say("\n".join([*_lines(clustering, method, at, agreed), *left_out_lines(others)]))


def _threshold(method: "Method", given: float | None, analyzer: "FaceAnalyzer") -> float | None:
    from convert.cluster import Method

    if method is Method.HDBSCAN and given is not None:
        raise click.UsageError("--method hdbscan takes no --threshold.")
    if method is Method.DBSCAN and given is None:
        raise click.UsageError(
            "--method dbscan needs a --threshold, stricter than the door's, as it joins faces in chains."
        )
    return analyzer.embedder.decision_rule.threshold(1, 1) if given is None and method is Method.AVERAGE else given


def _draw(clustering: "Clustering", analyzer: "FaceAnalyzer", out: Path) -> None:
    from convert.contact_sheet import contact_sheet, face_tiles, heading_of, rows_of, write_sheet
    from convert.progress import bar

    rows = rows_of(clustering)
    with bar("Contact sheet", sum(len(row.pictures) for row in rows)) as step:
        tiles = face_tiles(rows, analyzer.detector, step)
    write_sheet(contact_sheet(heading_of(clustering), rows, tiles), out)


def _json(
    clustering: "Clustering",
    method: "Method",
    threshold: float | None,
    agreed: Agreements,
    others: "Mapping[Path, str]",
) -> str:
    import msgspec

    from convert.folders import as_json

    document = {
        "method": method.value,
        "threshold": threshold,
        "faces": clustering.faces,
        "groups": [[click.format_filename(path) for path in group] for group in clustering.groups],
        "failures_to_acquire": as_json(clustering.failures, "image"),
        "left_out": as_json(others, "file"),
        "agreement": {
            name: {"precision": agreement.precision, "recall": agreement.recall, "f1": agreement.f1}
            for name, agreement in agreed.items()
        }
        or None,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _lines(clustering: "Clustering", method: "Method", threshold: float | None, agreed: Agreements) -> list[str]:
    from convert.folders import listed

    sizes = [len(group) for group in clustering.groups if len(group) > 1]
    failed = len(clustering.failures)
    at = "" if threshold is None else f" at similarity {threshold:.4f}"
    return [
        f"faces     {clustering.faces}",
        f"groups    {len(sizes)} of two or more, {len(clustering.alone)} faces alone ({method}{at})",
        f"largest   {', '.join(str(size) for size in sizes[:10]) or 'none'}",
        *(
            f"{name:9s} precision {agreement.precision:.4f}  recall {agreement.recall:.4f}  F1 {agreement.f1:.4f}"
            for name, agreement in agreed.items()
        ),
        *listed(f"failures to acquire: {failed} of {clustering.faces + failed} pictures", clustering.failures),
    ]
