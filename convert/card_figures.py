"""Measures what the biometric card says: error rates on a labelled folder, accuracy on pairs, plots, latency."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from convert.calibrate import People, Target, calibrate
from convert.card import FOLDER, sha256_of
from convert.figures import Figures, GroupShare, Latency, Pairs, Strangers, groups_of, halves_of, point_of, share_of
from convert.measuring.door_protocol import Acquired, Design, compare_by, evaluate_door, failure_to_acquire
from convert.measuring.groups import Groups, differentials
from convert.measuring.latency import medians_ms
from convert.measuring.plots import PlotKind, draw
from convert.reports import report_on_people
from convert.tensorflow_backend import cpu_class
from device.errors import ModelError
from device.vision.embedder import Embedder
from device.vision.manifest import DecisionRule, Manifest, read_manifest
from device.vision.models import EMBEDDING, load_model
from device.vision.runtime import runtime_in_use

THREADS = (1, 2)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was done before: the folder's faces, labelled pairs and strangers on clips if there are any, and the network
    that embedded them. `groups` are those that the people are in, if they are known.
    """

    embedder: Embedder
    acquired: Acquired
    pairs: Pairs | None
    strangers: Strangers | None = None
    groups: Groups | None = None


def measure(folder: Path, measured: Measured, design: Design, progress: Callable[[str], None]) -> Figures:
    """The figures of the embedding pair in `folder`; draws the plots beside it.

    Raises `ModelError` if the model's thresholds are not those that these images give.
    """
    manifest = read_manifest(folder / f"{EMBEDDING}.json")
    rule, acquired = measured.embedder.decision_rule, measured.acquired
    progress("comparing, and trying by halves")
    target = Target(rule.target_fmr, design, rule.fusion, rule.dataset)
    calibration = calibrate(People(acquired.templates, len(acquired.names)), target)
    _expect_rule(calibration.rule, rule)
    progress("drawing")
    drawn = _draw(folder, measured, design, manifest)
    progress("timing")
    runtime, version = runtime_in_use()
    return Figures(
        figures_version=1,
        model_sha256=manifest.sha256,
        manifest_seal=manifest.seal,
        people=len(acquired.names),
        images=int(acquired.images.sum()),
        draws=design.draws,
        failures_to_acquire=share_of(failure_to_acquire(acquired)),
        points=tuple(map(point_of, calibration.rates)),
        alike=None if calibration.alike is None else point_of(calibration.alike),
        halves=halves_of(calibration),
        pairs=measured.pairs,
        latency=_latency(folder, measured.embedder.alignment.size_px),
        machine=f"{cpu_class()}, {platform.system()}",
        runtime=f"{runtime.package} {version}",
        plots=drawn,
        strangers=measured.strangers,
        groups=() if measured.groups is None else _groups(acquired, measured.groups, rule),
    )


def _groups(acquired: Acquired, groups: Groups, rule: DecisionRule) -> tuple[GroupShare, ...]:
    """Within each group, single pairs at the door's threshold."""
    single = compare_by(Design(), acquired.templates, len(acquired.names), rule.fusion)
    return groups_of(differentials(single, acquired, groups, rule.threshold(1, 1)))


def _expect_rule(found: DecisionRule, stated: DecisionRule) -> None:
    if found.points != stated.points:
        raise ModelError(
            f"These images give the thresholds {_thresholds(found)}, the manifest has {_thresholds(stated)}.",
            hint="Calibrate first, `lintel-convert calibrate`, with the same --images, --references, --probes, --seed "
            "and --draws.",
        )


def _thresholds(rule: DecisionRule) -> str:
    return ", ".join(f"{point.references} x {point.probes}: {point.threshold:.5f}" for point in rule.points)


def _draw(folder: Path, measured: Measured, design: Design, manifest: Manifest) -> dict[str, str]:
    """The DET of single pairs and of the design, and both rates over the threshold; the SHA-256 of each by name."""
    rule = manifest.decision
    if rule is None:
        raise ModelError(f"{manifest.name} has no thresholds.", hint="Run `lintel-convert calibrate`.")
    (folder / FOLDER).mkdir(exist_ok=True)
    several = Design(design.references, 1, design.draws, design.seed)
    named = {}
    for one in (Design(), several, design):
        drawing = report_on_people(evaluate_door(one, measured.acquired, rule), manifest.sha256, None).drawing()
        for kind in (PlotKind.DET, PlotKind.FMR_FNMR) if one.single else (PlotKind.DET,):
            path = folder / FOLDER / f"{kind}-{one.references}x{one.probes}.png"
            draw(kind, drawing, path)
            named[path.name] = sha256_of(path)
    return named


def _latency(folder: Path, size_px: int) -> tuple[Latency, ...]:
    chip = np.random.default_rng(0).integers(0, 256, (size_px, size_px, 3)).astype(np.uint8)
    embedders = [Embedder(load_model(EMBEDDING, folder), threads=threads) for threads in THREADS]
    times = medians_ms([partial(one.embed, chip) for one in embedders])
    return tuple(Latency(threads=threads, median_ms=round(ms, 2)) for threads, ms in zip(THREADS, times, strict=True))
