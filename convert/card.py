"""The biometric card: what is shipped, what it was measured to be worth, and what it must not be trusted with.

The figures are a JSON file beside the models, the card is made of them and of the manifest, and `disagreements` finds
out when model, manifest, figures and card no longer belong together.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from convert.attack_figures import attack_lines
from convert.figures import Figures, Point, Share, Strangers
from convert.measuring.error_rates import Rate
from convert.offered import EXTRAPOLATED, offered, power
from device.errors import ModelError
from device.failures import in_words
from device.files import write_whole
from device.policy.looks import TRIES, chance_within
from device.vision.manifest import DecisionRule, Manifest, read_manifest
from device.vision.models import EMBEDDING, load_model

CARD = "CARD.md"
FOLDER = "card"
FIGURES = f"{FOLDER}/figures.json"
_HINT = "Measure again with `lintel-convert card`."


def write_card(folder: Path, figures: Figures) -> None:
    """Writes the figures and the card made of them into the folder of the models. Raises `ModelError`."""
    manifest = read_manifest(folder / f"{EMBEDDING}.json")
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        encoded = msgspec.json.format(msgspec.json.encode(figures), indent=2)
        write_whole(folder / FIGURES, encoded + b"\n", durable=True)
        write_whole(folder / CARD, render(manifest, figures).encode(), durable=True)
    except OSError as error:
        raise ModelError(
            f"Cannot write the card into {folder}: {in_words(error)}.", hint="Make room there, or name another folder."
        ) from None


def read_figures(folder: Path) -> Figures:
    """The figures beside the models. Raises `ModelError` if there are none, or if they are damaged."""
    path = folder / FIGURES
    try:
        return msgspec.json.decode(path.read_bytes(), type=Figures)
    except OSError as error:
        raise ModelError(f"No figures at {path}: {in_words(error)}.", hint=_HINT) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"The figures {path} do not keep their contract: {error}.", hint=_HINT) from None


def disagreements(folder: Path) -> tuple[str, ...]:
    """What in the folder does not belong together: model, manifest, figures, card, plots. Raises `ModelError`."""
    manifest, figures = load_model(EMBEDDING, folder).manifest, read_figures(folder)
    card = folder / CARD
    said = card.read_text(encoding="utf-8") if card.is_file() else ""
    rule = manifest.decision
    rules = {
        f"the figures are of the model {figures.model_sha256}, the manifest is of {manifest.sha256}": (
            figures.model_sha256 == manifest.sha256
        ),
        "the manifest was changed after the figures were measured": figures.manifest_seal == manifest.seal,
        "the figures are not at the manifest's thresholds": rule is not None and _at_thresholds(figures, rule),
        "a rate among the figures is not that of its counts": all(map(_adds_up, _shares(figures))),
        f"{CARD} is not what the figures and the manifest say": said == render(manifest, figures),
        **{f"the plot {name} is not the one that was drawn": _is(folder / name, sha) for name, sha in plots(figures)},
    }
    return tuple(what for what, holds in rules.items() if not holds)


def _at_thresholds(figures: Figures, rule: DecisionRule) -> bool:
    """Whether the points measured are the rule's, each at the door's threshold and on its curve; those alike at the
    threshold for as many probes as there seem to be.
    """
    stated = [(point.references, point.probes, point.non_mated_comparisons) for point in rule.points]
    measured = [(point.references, point.probes, point.fmr.comparisons) for point in figures.points]
    at_the_door_s = all(point.threshold == rule.threshold(point.references, point.probes) for point in figures.points)
    if measured != stated or not at_the_door_s or rule.read_off_curves() != rule:
        return False
    alike = figures.alike
    if alike is None:
        return True
    probes = max(point.probes for point in rule.points if point.references == alike.references)
    return alike.threshold == rule.threshold(alike.references, probes)


def _shares(figures: Figures) -> Iterator[Share]:
    """All error rates among the figures."""
    yield figures.failures_to_acquire
    alike = () if figures.alike is None else (figures.alike,)
    for point in (*figures.points, *alike, *figures.halves[0], *figures.halves[1]):
        yield from (point.fmr, point.fnmr)
    yield from (group.fmr for group in figures.groups)
    for target in figures.strangers.targets if figures.strangers else ():
        yield from (target.first, target.transaction)


def _adds_up(share: Share) -> bool:
    """Whether a rate is that of its counts, and within its interval."""
    return share.rate == Rate(share.errors, share.comparisons).value and share.low <= share.rate <= share.high


def plots(figures: Figures) -> tuple[tuple[str, str], ...]:
    """The plots, by their path below the models, and the SHA-256 of each."""
    return tuple((f"{FOLDER}/{name}", sha256) for name, sha256 in sorted(figures.plots.items()))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def render(manifest: Manifest, figures: Figures) -> str:
    """The card as Markdown."""
    plain = ["## In plain words", "", plain_words(figures)]
    worth, made = _worth(manifest, figures), _made(manifest, figures)
    strangers = _strangers(figures.strangers) if figures.strangers else []
    groups = _groups(figures) if figures.groups else []
    targets = offered(manifest.decision) if manifest.decision else []
    attacks = list(attack_lines(figures.attacks)) if figures.attacks else []
    measured = (_unseen(figures), groups, targets, strangers, attacks)
    parts = (_head(manifest), plain, worth, *measured, _limits(manifest), made)
    return "\n".join(line for part in parts if part for line in (*part, "")).rstrip() + "\n"


def plain_words(figures: Figures) -> str:
    """Both error rates of a visit, of which the frames are alike, in two sentences; README has the same two."""
    visit = figures.alike or max(figures.points, key=lambda point: (point.references, point.probes))
    pictures = _counted(visit.references, "different enrollment picture")
    refused, admitted = visit.fnmr, visit.fmr
    strangers = f"No stranger with a stolen badge got in, in {admitted.comparisons:,} tries."
    if admitted.errors:
        often = f"{_once_in(admitted.rate)} tries (95 %: {_once_in(admitted.high)} to {_once_in(admitted.low)})"
        strangers = f"A stranger with a stolen badge gets in about {often}."
    return (
        f"A regular user with {pictures} is refused in about {100 * refused.rate:.0f} of 100 visits "
        f"(95 %: {100 * refused.low:.1f} to {100 * refused.high:.1f}). "
        f"{strangers}"
    )


def _once_in(rate: float) -> str:
    """A rate as people say it, to two digits: `once in 13,000`."""
    return f"once in {int(float(f'{1 / rate:.2g}')):,}" if rate > 0 else "never"


def _head(manifest: Manifest) -> list[str]:
    rule, alignment = manifest.decision, manifest.alignment
    pixels = manifest.preprocessing
    lines = [
        f"# Biometric card of {manifest.name}",
        "",
        "Written by `lintel-convert card` from `card/figures.json` and the manifest; do not edit it by hand.",
        "",
        "| | |",
        "|---|---|",
        f"| what it is | {manifest.description} |",
        f"| file | `{manifest.file}`, {manifest.size_bytes / 1e6:.1f} MB |",
        f"| SHA-256 | `{manifest.sha256}` |",
        f"| license | {manifest.license} |",
        f"| made from | `{manifest.source.member}` of {manifest.source.package} {manifest.source.version} |",
    ]
    if alignment is not None:
        lines.append(
            f"| preprocessing | face aligned by {len(alignment.landmarks)} landmarks to {alignment.size_px}x"
            f"{alignment.size_px}, {pixels.color}, pixel * {pixels.scale:g} + {pixels.offset:g} |"
        )
    if manifest.embedding is not None:
        lines.append(f"| template | {manifest.embedding.length} numbers, mean of chip and mirror, unit length |")
    if rule is not None:
        lines.append(
            f"| similarity | cosine, higher is closer; fused, a mean is at least {rule.fusion.least_probe_length:g} "
            f"(probes) and {rule.fusion.least_reference_length:g} (references) long |"
        )
    return lines


def _worth(manifest: Manifest, figures: Figures) -> list[str]:
    rule = manifest.decision
    lines = ["## What it is worth", ""]
    if rule is not None:
        lines += [
            f"Thresholds for FMR {power(rule.target_fmr)}, set on all non-mated comparisons of: {rule.dataset} "
            f"({figures.people} people, {figures.images} images). The door uses the strictest threshold of all",
            "points that ask for no more pictures than there are. Intervals: 95 %, people drawn with replacement.",
            "",
        ]
    lines += _table(figures.points, rule)
    lines += [
        "",
        f"For 1 x 1 all pairs are compared. For the others {figures.draws} draws of one folder are pooled: one draw",
        f"has a {figures.draws}th of the comparisons, and more draws prove no more than one.",
    ]
    if figures.alike is not None:
        alike = figures.alike
        lines += [
            "",
            f"Frames of one visit are alike. If all of them were one and the same picture, at {alike.threshold:.5f}: "
            f"FMR {_fmr(alike.fmr)}, FNMR {_fnmr(alike.fnmr)}.",
        ]
    lines += ["", f"Failure to acquire: {_fnmr(figures.failures_to_acquire)} of the images."]
    if figures.pairs is not None:
        pairs = figures.pairs
        lines += [
            "",
            f"Labelled pairs ({pairs.pairs:,}, in folds): accuracy {pairs.accuracy:.2%} +- {pairs.accuracy_std:.2%}, "
            f"TAR {_given(pairs.tar_at_fmr_1e2)} at FMR 1e-2, {_given(pairs.tar_at_fmr_1e3)} at 1e-3.",
        ]
    lines += [f"\n![{name}]({name})" for name, _ in plots(figures)]
    return lines


def _unseen(figures: Figures) -> list[str]:
    lines = [
        "## On people that the thresholds were not set on",
        "",
        "Set on one half of the people, tried on the other.",
    ]
    for half in figures.halves:
        lines += ["", *_table(half)]
    return lines


def _groups(figures: Figures) -> list[str]:
    """Whether people of one group are more alike than people are in all."""
    rows = [f"| {one.name} | {one.people} | {_fmr(one.fmr)} |" for one in figures.groups]
    heading = ["## Within groups", "", "Single pairs of people of one group, at the threshold of all.", ""]
    return [*heading, "| group | people | FMR within |", "|---|---|---|", *rows]


def _strangers(strangers: Strangers) -> list[str]:
    """The false accept rate of a transaction, at the thresholds for each target."""
    rows = [
        f"| {power(one.target_fmr)} | {_fmr(one.first)} | {_fmr(one.transaction)} | "
        f"{one.transaction.rate / one.target_fmr:.2f} | {chance_within(one.transaction.rate):.2%} |"
        for one in strangers.targets
    ]
    return [
        "## A stranger with a stolen badge, from the badge to the decision",
        "",
        f"{strangers.visits} visits on {strangers.clips} clips, each with the badges of {strangers.people} people who "
        f"have {_counted(strangers.references, 'reference')}: {strangers.targets[0].transaction.comparisons:,} "
        "transactions of up to five comparisons.",
        "",
        f"| target | first comparison | transaction | times the target | within {TRIES} |",
        "|---|---|---|---|---|",
        *rows,
    ]


def _limits(manifest: Manifest) -> list[str]:
    dataset = manifest.decision.dataset if manifest.decision else ""
    of_lfw = (
        "- **Alike people**: on small sets of people more alike than LFW's, the threshold for 1e-4 gave four to six",
        "  times that: 4.0e-4 of 12,551 comparisons on the Yale faces, 6.3e-4 of 78,000 on ORL's (single pairs,",
        "  Lintel's own network, as reported with its issue 15). A site of relatives or of one group sets its",
        "  own thresholds: `lintel-convert calibrate --impostors PUBLIC --mates OURS`.",
        "- LFW is press photographs of adults, mostly men and public figures; 153 people have the six pictures of",
        "  3 x 3. Children, twins and masks: not measured. The fusion's least lengths, and in the shipped network the",
        "  bound of its last stage, were chosen on LFW too (DECISIONS.md).",
    )
    return [
        "## Limits",
        "",
        "- **Presentation attacks**: the network says whose face it is, not that it is one; a photo of an enrolled",
        "  person matches. What stops it is the door's `pad`, whose figures are those of its camera and prompts.",
        "- The rates are those of the data named above. Other light, other cameras, other people give other rates.",
        *(of_lfw if dataset.startswith("LFW") else ()),
        "- Comparisons share people and pictures; the intervals account for the people.",
        "- A face is one more thing to have beside the badge; it is not a key by itself.",
    ]


def _made(manifest: Manifest, figures: Figures) -> list[str]:
    maker = manifest.built_with
    lines = ["## How it was made and measured", ""]
    if maker is not None:
        lines.append(f"- Quantized ({maker.quantization}) by TensorFlow {maker.tensorflow} on {maker.cpu}.")
    times = ", ".join(f"{one.median_ms:.1f} ms on {_counted(one.threads, 'thread')}" for one in figures.latency)
    return [
        *lines,
        f"- One face, chip and mirror: {times} ({figures.runtime}, {figures.machine}).",
        "- `lintel-convert calibrate --images DIR` sets the thresholds, `lintel-convert card --images DIR` writes",
        "  this card, `lintel-convert card --check` proves that file, manifest, figures and card belong together.",
    ]


def _table(points: tuple[Point, ...], rule: DecisionRule | None = None) -> list[str]:
    """The rates by design; with the `rule`, which thresholds it extrapolates."""
    rows = [
        f"| {point.references} x {point.probes} | {point.threshold:.5f}{_extrapolated(point, rule)} | "
        f"{_fmr(point.fmr)} | {_fnmr(point.fnmr)} |"
        for point in points
    ]
    return ["| references x probes | threshold | FMR | FNMR |", "|---|---|---|---|", *rows]


def _extrapolated(point: Point, rule: DecisionRule | None) -> str:
    past = rule is not None and rule.is_extrapolated(point.references, point.probes)
    return f", {EXTRAPOLATED}" if past else ""


def _fmr(share: Share) -> str:
    return _counted_rate(share, power)


def _fnmr(share: Share) -> str:
    return _counted_rate(share, lambda rate: f"{rate:.2%}")


def _counted_rate(share: Share, shown: Callable[[float], str]) -> str:
    return f"{shown(share.rate)} ({share.errors:,} of {share.comparisons:,}; {shown(share.low)} to {shown(share.high)})"


def _given(tar: float | None) -> str:
    return "not known (too few pairs)" if tar is None else f"{tar:.2%}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256
