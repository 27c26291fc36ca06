"""The conversions' report: a table for people, in Markdown, and the same for machines, as JSON."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from convert.conversion.conversions import Conversion, NetworkReport, Report
from convert.gate import POINT, Outcome
from convert.measuring.cost import TARGET_FMR
from convert.tensorflow_backend import cpu_class, load_tensorflow
from device.errors import ModelError
from device.failures import in_words
from device.files import write_whole
from device.vision.runtime import runtime_in_use

MB = 1e6

COSTS = (
    "network",
    "quantization",
    "size, MB",
    "ms, 1 / 2 threads",
    "x faster than Keras",
    "accuracy",
    "TAR at FMR 1e-3",
    "change, points (95 % interval)",
    "everybody: change at 1e-3, at 1e-4",
    "gate",
)
ERRORS = (
    "network",
    "quantization",
    "cosine, median / worst",
    "distance, median / worst",
    "Pearson / Spearman of pairs",
    "float operators",
    "runtimes",
)


def markdown(report: Report) -> str:
    """Both tables, what they were measured with, and why the gate refused what it refused."""
    runtime, version = runtime_in_use()
    measured = (
        f"Measured on {report.pairs} labelled pairs of {report.images} images, {len(report.failures)} without a face"
        if report.pairs
        else "Measured on chips that the quantizer has not seen, without labelled pairs"
    )
    return "\n".join(
        [
            *_table(COSTS, [row for network in report.networks for row in _cost_rows(network)]),
            "",
            *_table(ERRORS, [_error_row(conversion) for conversion in report.conversions]),
            "",
            f"{measured}, with {runtime.package} {version} against Keras float32 of TensorFlow "
            f"{load_tensorflow().__version__} on {cpu_class()}. Keras uses all cores; it is compared with two threads.",
            *_findings(report),
        ]
    )


def document(report: Report) -> dict[str, object]:
    """For JSON; numbers are shares, milliseconds and bytes."""
    runtime, version = runtime_in_use()
    return {
        "tensorflow": load_tensorflow().__version__,
        "cpu": cpu_class(),
        "runtime": f"{runtime.package} {version}",
        "target_fmr": TARGET_FMR,
        "pairs": report.pairs,
        "images": report.images,
        "failures_to_acquire": [{"image": str(path), "why": why} for path, why in report.failures.items()],
        "networks": [
            {
                "name": network.network.name,
                "license": network.network.license,
                "terms": network.network.terms,
                "weights": network.weights,
                "keras_ms": network.keras_ms,
                "accuracy": network.accuracy,
            }
            for network in report.networks
        ],
        "conversions": [_fields(conversion) for conversion in report.conversions],
    }


def write_report(report: Report, folder: Path) -> tuple[Path, ...]:
    """Writes `report.json`, `report.md` and the files that were not refused; their paths. Raises `ModelError`."""
    import msgspec

    kept = [one for one in report.conversions if one.verdict.outcome is not Outcome.REFUSED]
    contents = {one.file_name: one.content for one in kept}
    contents["report.json"] = msgspec.json.format(msgspec.json.encode(document(report)), indent=2) + b"\n"
    contents["report.md"] = markdown(report).encode() + b"\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_whole(folder / name, content, durable=True)
    except OSError as error:
        raise ModelError(
            f"Cannot write the report into {folder}: {in_words(error, quoted=True)}.",
            hint="Name another folder with --out.",
        ) from error
    return tuple(folder / name for name in contents)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _cost_rows(report: NetworkReport) -> Iterator[tuple[str, ...]]:
    known = report.accuracy
    yield (
        report.network.name,
        "Keras float32",
        f"{report.weights * 4 / MB:.2f}",
        f"- / {report.keras_ms:.1f}",
        "1.0",
        f"{known.accuracy:.2%}" if known else "-",
        f"{known.tar:.2%}" if known else "-",
        "",
        "",
        "",
    )
    yield from (_cost_row(conversion) for conversion in report.conversions)


def _cost_row(conversion: Conversion) -> tuple[str, ...]:
    latency, changed = conversion.latency, conversion.change
    return (
        conversion.network.name,
        _quantization(conversion),
        f"{len(conversion.content) / MB:.2f}",
        f"{latency.one_thread_ms:.1f} / {latency.two_threads_ms:.1f}",
        f"{latency.keras_ms / latency.two_threads_ms:.1f}",
        f"{changed.accuracy:.2%}" if changed else "-",
        f"{changed.tar:.2%}" if changed else "-",
        _points(changed.tar_change, changed.tar_interval) if changed else "-",
        ", ".join(_points(one.change, one.interval) for one in conversion.everybody) or "-",
        conversion.verdict.outcome.value,
    )


def _error_row(conversion: Conversion) -> tuple[str, ...]:
    found, changed = conversion.drift, conversion.change
    floats = ", ".join(f"{name} x{count}" for name, count in conversion.float_operators.items())
    return (
        conversion.network.name,
        _quantization(conversion),
        f"{found.cosine_median:.5f} / {found.cosine_worst:.5f}",
        f"{found.distance_median:.4f} / {found.distance_worst:.4f}",
        f"{changed.pearson:.5f} / {changed.spearman:.5f}" if changed else "-",
        (floats or "none") if conversion.quantization.value == "full-int8" else "all",
        ", ".join(f"{loading.where}: {'runs' if loading.runs else 'FAILS'}" for loading in conversion.loadings),
    )


def _quantization(conversion: Conversion) -> str:
    return conversion.quantization.value + (", int8 in and out" if conversion.integer_io else "")


def _points(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value / POINT:+.2f} ({low / POINT:+.2f} to {high / POINT:+.2f})"


def _findings(report: Report) -> Iterator[str]:
    """What did not load, and what the gate has against which file."""
    for conversion in report.conversions:
        name = f"{conversion.network.name} {_quantization(conversion)}"
        for loading in conversion.loadings:
            if not loading.runs:
                yield f"- {name} does not run in {loading.where}: {loading.reason}"
        for reason in conversion.verdict.reasons:
            yield f"- {name}, {conversion.verdict.outcome.value}: {reason}"


def _fields(conversion: Conversion) -> dict[str, object]:
    return {
        "network": conversion.network.name,
        "quantization": conversion.quantization.value,
        "integer_io": conversion.integer_io,
        "file": conversion.file_name,
        "size_bytes": len(conversion.content),
        "sha256": hashlib.sha256(conversion.content).hexdigest(),
        "float_operators": conversion.float_operators,
        "latency": conversion.latency,
        "embeddings": conversion.drift,
        "pairs": conversion.change,
        "everybody": conversion.everybody,
        "runtimes": conversion.loadings,
        "outcome": conversion.verdict.outcome.value,
        "reasons": conversion.verdict.reasons,
    }
