"""What evaluation and calibration found, as a document for machines and as lines for people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from convert.calibrate import Calibration, PointRates
from convert.evaluate import Evaluation
from convert.folders import listed
from convert.measuring.bootstrap import band
from convert.measuring.door_protocol import AtThreshold, Design, DoorEvaluation, TrueAccepts
from convert.measuring.error_rates import Estimate, Interval, Rate, comparisons_needed, curve
from convert.measuring.groups import Differentials
from convert.measuring.plots import Drawing, Mark, independent_band, short
from device.vision.manifest import DecisionRule, OperatingPoint

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Report:
    """A document for machines, the same in lines for people, and what to draw, made when it is asked for."""

    document: Document
    lines: tuple[str, ...]
    drawing: Callable[[], Drawing]

    def as_json(self) -> str:
        """The document as JSON that people can read; what is not a number is null."""
        return as_json(self.document)


def as_json(document: Document) -> str:
    """The document as JSON that people can read; what is not a number is null."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def report_on_pairs(evaluation: Evaluation) -> Report:
    """Accuracy over folds, TARs, and both rates at the door's threshold."""
    return Report(_pairs_document(evaluation), tuple(_pairs_lines(evaluation)), lambda: _pairs_drawing(evaluation))


def report_on_people(evaluation: DoorEvaluation, model_sha256: str, groups: Differentials | None) -> Report:
    """The door's protocol: TARs, both rates at the door's threshold, failures to acquire, groups if there are any."""
    return Report(
        _door_document(evaluation, model_sha256, groups),
        tuple(_door_lines(evaluation, groups)),
        lambda: _door_drawing(evaluation),
    )


def beside(report: Report, pairs: Report) -> Report:
    """A report on people with one on pairs in it, under `pairs`; drawn is the first."""
    return Report({**report.document, "pairs": pairs.document}, (*report.lines, "", *pairs.lines), report.drawing)


def _pairs_document(evaluation: Evaluation) -> Document:
    return {
        "model_sha256": evaluation.model_sha256,
        "pairs": evaluation.pairs,
        "images": evaluation.images,
        "failures_to_acquire": _failures(evaluation.failures),
        "accuracy": {
            "mean": float(evaluation.accuracies.mean()),
            "std": float(evaluation.accuracies.std()),
            "folds": evaluation.accuracies.tolist(),
        },
        "tar_at_fmr_1e-2": evaluation.tar_at_1e2,
        "tar_at_fmr_1e-3": evaluation.tar_at_1e3,
        "threshold": evaluation.threshold,
        "fmr": evaluation.fmr.value,
        "fmr_interval_95": evaluation.fmr.interval,
        "non_mated": evaluation.fmr.trials,
        "fnmr": evaluation.fnmr.value,
        "fnmr_interval_95": evaluation.fnmr.interval,
        "mated": evaluation.fnmr.trials,
        "notes": _pairs_notes(evaluation),
    }


def _pairs_lines(evaluation: Evaluation) -> list[str]:
    return [
        f"pairs        {evaluation.pairs}, of {evaluation.images} images",
        f"accuracy     {evaluation.accuracies.mean():.2%} +- {evaluation.accuracies.std():.2%} over folds",
        f"TAR at FMR   1e-2: {_tar(evaluation.tar_at_1e2)}   1e-3: {_tar(evaluation.tar_at_1e3)}",
        f"at the door's threshold, similarity {evaluation.threshold:.4f}, single pairs:",
        f"  {_line('FMR ', evaluation.fmr, evaluation.fmr.interval)}",
        f"  {_line('FNMR', evaluation.fnmr, evaluation.fnmr.interval)}",
        *_failure_lines(evaluation.failures, evaluation.images),
        *(f"note: {note}" for note in _pairs_notes(evaluation)),
    ]


def _pairs_notes(evaluation: Evaluation) -> list[str]:
    tars = ((1e-2, evaluation.tar_at_1e2), (1e-3, evaluation.tar_at_1e3))
    return [_unsupported(target, evaluation.fmr.trials) for target, tar in tars if tar is None]


def _pairs_drawing(evaluation: Evaluation) -> Drawing:
    """With the band that the pairs would have if they were independent."""
    drawn = curve(evaluation.similarities, evaluation.same)
    mark = Mark(
        f"the door's threshold, {evaluation.threshold:.4f}",
        evaluation.threshold,
        evaluation.fmr.value,
        evaluation.fnmr.value,
    )
    title = f"{evaluation.pairs} pairs, mean accuracy {evaluation.accuracies.mean():.2%}"
    return Drawing(title, drawn, independent_band(drawn), (mark,))


def _door_document(evaluation: DoorEvaluation, model_sha256: str, groups: Differentials | None) -> Document:
    design, acquired = evaluation.design, evaluation.acquired
    comparisons, failing = evaluation.comparisons, evaluation.failure_to_acquire
    return {
        "model_sha256": model_sha256,
        "references": design.references,
        "probes": design.probes,
        "draws": design.draws,
        "seed": design.seed,
        "people": len(acquired.names),
        "people_compared": evaluation.people,
        "images": int(acquired.images.sum()),
        "mated": len(comparisons.mated),
        "non_mated": comparisons.non_mated,
        "mated_a_draw": len(comparisons.mated) // max(design.draws, 1),
        "non_mated_a_draw": evaluation.non_mated_a_draw,
        **_tars(evaluation.true_accepts),
        **_at_threshold(evaluation.at_threshold),
        "if_probes_are_alike": _at_threshold(evaluation.alike) if evaluation.alike else None,
        "failure_to_acquire": failing.rate.value,
        "failure_to_acquire_interval_95": failing.interval,
        "failures_to_acquire": _failures(acquired.failures),
        "groups": _groups_document(groups) if groups else None,
        "notes": _notes(evaluation),
    }


def _door_lines(evaluation: DoorEvaluation, groups: Differentials | None) -> list[str]:
    design, comparisons = evaluation.design, evaluation.comparisons
    at = evaluation.at_threshold
    lines = [
        f"people       {evaluation.people} compared of {len(evaluation.acquired.names)}, "
        f"{evaluation.acquired.images.sum()} images",
        f"comparisons  {_uses(design)}: {len(comparisons.mated)} mated, {comparisons.non_mated} non-mated",
        *(_tar_line(accepts) for accepts in evaluation.true_accepts),
        f"at the door's threshold for this use, similarity {at.threshold:.4f}:",
        *_rate_lines(at),
    ]
    if evaluation.alike:
        lines += [
            "at the same threshold, if the probes of a visit are all one picture:",
            *_rate_lines(evaluation.alike),
        ]
    failing = evaluation.failure_to_acquire
    return [
        *lines,
        _line("failure to acquire", failing.rate, failing.interval),
        *(f"  {path}: {why}" for path, why in evaluation.acquired.failures.items()),
        *(_group_lines(groups) if groups else []),
        *(f"note: {note}" for note in _notes(evaluation)),
    ]


def _door_drawing(evaluation: DoorEvaluation) -> Drawing:
    comparisons, at, design = evaluation.comparisons, evaluation.at_threshold, evaluation.design
    drawn = comparisons.curve()
    door = Mark(f"the door's threshold, {at.threshold:.4f}", at.threshold, at.fmr.rate.value, at.fnmr.rate.value)
    tars = [
        Mark(
            f"TAR {accepts.tar.rate.value:.2%} at FMR {short(accepts.target_fmr)}",
            accepts.threshold,
            comparisons.fmr(accepts.threshold).value,
            1 - accepts.tar.rate.value,
        )
        for accepts in evaluation.true_accepts
        if accepts.tar is not None and accepts.threshold is not None
    ]
    return Drawing(f"{_uses(design)}, {evaluation.people} people", drawn, band(comparisons, drawn), (door, *tars))


def calibration_document(calibration: Calibration) -> Document:
    """The rule, its rates, and those by halves."""
    design = calibration.design
    return {
        "rule": msgspec.to_builtins(calibration.rule),
        "people": calibration.people,
        "draws": design.draws,
        "seed": design.seed,
        "rates": [_point(point) for point in calibration.rates],
        "if_probes_are_alike": _point(calibration.alike) if calibration.alike else None,
        "among_own": _point(calibration.among_own) if calibration.among_own else None,
        "halves": [[_point(point) for point in half] for half in calibration.halves],
    }


def calibration_lines(calibration: Calibration) -> list[str]:
    """The same for people."""
    rule = calibration.rule
    lines = [f"for FMR {rule.target_fmr:g}, set on all {calibration.people} people:"]
    for point, rates in zip(rule.points, calibration.rates, strict=True):
        lines += [
            f"{point.references} x {point.probes}: threshold {point.threshold:.5f} from {point.non_mated_comparisons} "
            f"non-mated comparisons{_a_draw(point, rates)}{_extrapolated(rule, point)}; the door uses "
            f"{rates.rates.threshold:.5f}",
            *_rate_lines(rates.rates),
        ]
    if calibration.alike:
        lines += [
            f"if all probes of a visit are one picture, at {calibration.alike.rates.threshold:.5f}:",
            *_rate_lines(calibration.alike.rates),
        ]
    if calibration.among_own:
        own = calibration.among_own.rates
        lines += [f"your own people alone, single pairs at {own.threshold:.5f}:", *_rate_lines(own)]
        if own.fmr.interval[0] > rule.target_fmr:
            lines.append("  your people are more alike than the impostors: ask for a smaller --fmr")
    for number, half in enumerate(calibration.halves, start=1):
        lines.append(f"set on one half of the people, tried on the other ({number} of 2):")
        for point_rates in half:
            lines.append(f" {point_rates.references} x {point_rates.probes} at {point_rates.rates.threshold:.5f}")
            lines += _rate_lines(point_rates.rates)
    return lines


def _tars(true_accepts: Sequence[TrueAccepts]) -> Document:
    document: Document = {}
    for accepts in true_accepts:
        key = f"tar_at_fmr_{short(accepts.target_fmr)}"
        document[key] = accepts.tar.rate.value if accepts.tar else None
        document[f"{key}_interval_95"] = accepts.tar.interval if accepts.tar else None
        document[f"threshold_at_fmr_{short(accepts.target_fmr)}"] = accepts.threshold
    return document


def _at_threshold(at: AtThreshold) -> Document:
    return {
        "threshold": at.threshold,
        "fmr": at.fmr.rate.value,
        "fmr_interval_95": at.fmr.interval,
        "false_matches": at.fmr.rate.errors,
        "fnmr": at.fnmr.rate.value,
        "fnmr_interval_95": at.fnmr.interval,
        "false_non_matches": at.fnmr.rate.errors,
    }


def _point(point: PointRates) -> Document:
    return {
        "references": point.references,
        "probes": point.probes,
        "mated": point.rates.fnmr.rate.trials,
        "non_mated": point.rates.fmr.rate.trials,
        "non_mated_a_draw": point.non_mated_a_draw,
        **_at_threshold(point.rates),
    }


def _groups_document(groups: Differentials) -> Document:
    return {
        "by_group": [
            {
                "group": group.name,
                "people": group.people,
                "images": group.images,
                "fmr_within": _estimate(group.fmr_within),
                "fnmr": _estimate(group.fnmr),
                "failure_to_acquire": _estimate(group.failure_to_acquire),
            }
            for group in groups.groups
        ],
        "across": [{"groups": cross.names, "fmr": _estimate(cross.fmr)} for cross in groups.across],
        "fmr_worst_to_best": groups.fmr_ratio,
        "fnmr_worst_to_best": groups.fnmr_ratio,
        "people_without_group": groups.without_group,
        "people_without_images": groups.unknown,
        "too_few": groups.too_few,
    }


def _estimate(estimate: Estimate) -> Document:
    return {
        "rate": estimate.rate.value,
        "interval_95": estimate.interval,
        "errors": estimate.rate.errors,
        "comparisons": estimate.rate.trials,
    }


def _group_lines(groups: Differentials) -> list[str]:
    lines = ["by group, at the door's threshold:"]
    for group in groups.groups:
        lines += [
            f"  {group.name}: {group.people} people, {group.images} images",
            f"    {_line('FMR within', group.fmr_within.rate, group.fmr_within.interval)}",
            f"    {_line('FNMR      ', group.fnmr.rate, group.fnmr.interval)}",
            f"    {_line('failure to acquire', group.failure_to_acquire.rate, group.failure_to_acquire.interval)}",
        ]
    lines += [f"  {_line('FMR ' + ' with '.join(one.names), one.fmr.rate, one.fmr.interval)}" for one in groups.across]
    for name, ratio in (("FMR within", groups.fmr_ratio), ("FNMR", groups.fnmr_ratio)):
        lines.append(f"  {name}, worst group to best: {'cannot be said' if ratio is None else f'{ratio:.2f}'}")
    if groups.without_group or groups.unknown:
        lines.append(f"  {groups.without_group} people without a group, {groups.unknown} in the file without images")
    return [*lines, *(f"  too few: {what}" for what in groups.too_few)]


def _notes(evaluation: DoorEvaluation) -> list[str]:
    """What a reader must know to believe neither too much nor too little."""
    design, non_mated = evaluation.design, evaluation.comparisons.non_mated
    notes = [_unsupported(accepts.target_fmr, non_mated) for accepts in evaluation.true_accepts if accepts.tar is None]
    if design.draws > 1:
        notes.append(
            f"{design.draws} draws of the same images are pooled, {evaluation.non_mated_a_draw} non-mated comparisons "
            "each: steadier than one draw, not independent of one another; the intervals draw people"
        )
    return notes


def _unsupported(target_fmr: float, non_mated: int) -> str:
    return (
        f"{non_mated} non-mated comparisons cannot support a TAR at FMR {short(target_fmr)}: "
        f"it takes {comparisons_needed(target_fmr)} (rule of three)"
    )


def _tar(tar: float | None) -> str:
    return "cannot be said" if tar is None else f"{tar:.2%}"


def _tar_line(accepts: TrueAccepts) -> str:
    if accepts.tar is None or accepts.threshold is None:
        return f"TAR at FMR   {short(accepts.target_fmr)}: cannot be said"
    low, high = accepts.tar.interval
    return (
        f"TAR at FMR   {short(accepts.target_fmr)}: {accepts.tar.rate.value:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%}; threshold {accepts.threshold:.4f})"
    )


def _rate_lines(at: AtThreshold) -> list[str]:
    return [
        f"  {_line('FMR ', at.fmr.rate, at.fmr.interval)}",
        f"  {_line('FNMR', at.fnmr.rate, at.fnmr.interval)}",
    ]


def _line(name: str, rate: Rate, interval: Interval) -> str:
    low, high = interval
    return f"{name} {rate.value:.4%}  ({rate.errors} of {rate.trials}; 95 % interval {low:.4%} to {high:.4%})"


def _failures(failures: dict[Path, str]) -> list[dict[str, str]]:
    return [{"image": str(path), "why": why} for path, why in failures.items()]


def _failure_lines(failures: dict[Path, str], images: int) -> list[str]:
    return listed(f"failures to acquire: {len(failures)} of {images} images", failures)


def _a_draw(point: OperatingPoint, rates: PointRates) -> str:
    drawn = point.non_mated_comparisons > rates.non_mated_a_draw
    return f" ({rates.non_mated_a_draw} a draw)" if drawn else ""


def _extrapolated(rule: DecisionRule, point: OperatingPoint) -> str:
    return ", extrapolated" if rule.is_extrapolated(point.references, point.probes) else ""


def _uses(design: Design) -> str:
    return f"{_counted(design.references, 'reference')} x {_counted(design.probes, 'probe')}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
