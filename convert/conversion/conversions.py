"""`lintel-convert quantize`: networks in, a file for each quantization out, its cost, the gate's verdict."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.conversion.named_network import load_network, spec_of
from convert.conversion.runtimes import Loading, Place, TfliteFile, load_everywhere
from convert.conversion.tar_loss import tar_loss
from convert.errors import WeightsError
from convert.evaluate import images_of
from convert.finder import Finder
from convert.gate import Budget, Cost, TarLoss, Verdict, judge
from convert.measuring.comparisons import Comparisons
from convert.measuring.cost import (
    BATCH,
    Accuracy,
    Change,
    Drift,
    LabelledPairs,
    Run,
    Vectors,
    accuracy,
    change,
    drift,
    similarities_of,
    unit_vectors,
)
from convert.measuring.everybody import TarChange, compare_everybody, tar_changes
from convert.measuring.faces import Faces, cut_faces
from convert.measuring.latency import medians_ms
from convert.measuring.protocols import Pair
from convert.quantize import Quantization, quantize
from convert.representative_set import Chips, augmented, place_faces, portraits_dir, read_chips
from convert.spec import NetworkSpec
from convert.tensorflow_backend import load_tensorflow
from device.errors import ImageError, ModelError

if TYPE_CHECKING:
    import keras

Bars = Callable[[str, int], AbstractContextManager[Callable[[], object]]]
"""Makes a progress bar of a label and a number of steps, as `convert.progress.bar` does."""

HOLD_OUT_EVERY = 5
"""Without labelled pairs, one chip in this many is kept from the quantizer, to measure with."""

LEAST_LANDMARKS = 2
"""Points that it takes to fix the scale and the rotation of a face."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made of each network, and how it is judged.

    `representative` is a folder of aligned chips for the quantizer; without one they are made from the portraits.
    `finder` finds faces in the portraits and in labelled pairs; each file is tried in all `places`. `people_by_folder`
    means that each image lies in its person's folder, as in LFW, so that all people can be compared with each other.
    """

    quantizations: tuple[Quantization, ...]
    finder: Finder
    places: tuple[Place, ...]
    budget: Budget
    integer_io: bool = False
    representative: Path | None = None
    people_by_folder: bool = False


@dataclass(frozen=True, slots=True)
class Latency:
    """Medians for one chip in milliseconds, in turns with Keras; Keras uses as many threads as there are cores."""

    keras_ms: float
    one_thread_ms: float
    two_threads_ms: float


@dataclass(frozen=True, slots=True)
class Conversion:
    """A file, what it costs, and what the gate says.

    Without labelled pairs there is no `change`, and without people by folder nothing of `everybody`.
    """

    network: NetworkSpec
    quantization: Quantization
    integer_io: bool
    float_operators: dict[str, int]
    latency: Latency
    drift: Drift
    change: Change | None
    everybody: tuple[TarChange, ...]
    loadings: tuple[Loading, ...]
    verdict: Verdict
    content: bytes = field(repr=False)

    @property
    def file_name(self) -> str:
        """The network's name and how it was quantized."""
        return f"{self.network.name}-{self.quantization.value}{'-io' if self.integer_io else ''}.tflite"


@dataclass(frozen=True, slots=True)
class NetworkReport:
    """A network in Keras, float32, and its conversions."""

    network: NetworkSpec
    weights: int
    keras_ms: float
    accuracy: Accuracy | None
    conversions: tuple[Conversion, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A network in Keras with its sidecar."""

    spec: NetworkSpec
    model: "keras.Model"


@dataclass(frozen=True, slots=True)
class Measured:
    """The faces that a network is measured on, and if it is known how they are paired and whose they are, int64 [n]."""

    chips: Chips = field(repr=False)
    pairs: LabelledPairs | None = None
    people: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All networks, and the labelled pairs they were measured on: none, or as many as show two faces."""

    networks: tuple[NetworkReport, ...]
    pairs: int
    images: int
    failures: dict[Path, str]

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """Those of all networks."""
        return tuple(conversion for network in self.networks for conversion in network.conversions)


@contextmanager
def no_bar(_label: str, _length: int) -> Iterator[Callable[[], object]]:
    """Reports nothing."""
    yield lambda: None


def convert_networks(names: Sequence[str], plan: Plan, pairs: tuple[Pair, ...] = (), *, bars: Bars = no_bar) -> Report:
    """Converts each network by the plan and measures every file.

    Raises `WeightsError`, `SourceError`, `ModelError`, `ImageError`, `DependencyMissing`.
    """
    load_tensorflow()
    check_required(plan)
    specs = [spec_of(name) for name in names]
    check_names(specs)
    if pairs or plan.representative is None:
        check_alignments(specs)
    with tempfile.TemporaryDirectory(prefix="lintel-") as folder:
        faces = _cut(pairs, specs, plan, Path(folder), bars) if pairs else None
        labelled = label_pairs(pairs, faces) if faces else None
        reports = []
        for number, (name, spec) in enumerate(zip(names, specs, strict=True)):
            network = Network(spec, load_network(name, spec))
            shown, held_out = representative(spec, plan, hold_out=faces is None)
            people = people_of(faces) if faces and plan.people_by_folder else None
            measured = Measured(faces.chips[number], labelled, people) if faces else Measured(held_out)
            reports.append(_network_report(network, plan, shown=shown, measured=measured, bars=bars))
        return Report(
            networks=tuple(reports),
            pairs=0 if labelled is None else len(labelled.same),
            images=0 if faces is None else len(faces.images) + len(faces.failures),
            failures={} if faces is None else faces.failures,
        )


def check_required(plan: Plan) -> None:
    """Raises `ModelError` if a runtime that the gate asks for is installed nowhere."""
    missing = plan.budget.required - {place.runtime.package for place in plan.places}
    if missing:
        raise ModelError(
            f"The gate asks for {', '.join(sorted(missing))}, which is not installed here.",
            hint="Name the interpreter of an environment that has it with --runtime-python.",
        )


def check_names(specs: Sequence[NetworkSpec]) -> None:
    """Raises `WeightsError` for two networks of one name: their files would have one name too."""
    names = [spec.name for spec in specs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WeightsError(
            f"Several networks are called {', '.join(twice)}; expected a name for each.",
            hint="Give each network once, and another `name` in the sidecar of those that differ.",
        )


def check_alignments(specs: Sequence[NetworkSpec]) -> None:
    """Raises `ModelError` for a network whose chips cannot be cut out of pictures, as one that takes crops of boxes."""
    for spec in specs:
        points, size = len(spec.alignment.landmarks), spec.alignment.size_px
        if points < LEAST_LANDMARKS:
            raise ModelError(
                f"{spec.name} is not aligned by landmarks: its sidecar has {points}, expected at least "
                f"{LEAST_LANDMARKS} to cut faces out of pictures.",
                hint=f"Give crops of {size}x{size} pixels of your own with --representative, and no --pairs: "
                "the gate cannot judge such a network.",
            )


def label_pairs(pairs: Sequence[Pair], faces: Faces) -> LabelledPairs:
    """The pairs of which both images show a face. Raises `ImageError` if mated or non-mated ones are missing."""
    row = {path: number for number, path in enumerate(faces.images)}
    acquired = [pair for pair in pairs if pair.image_a in row and pair.image_b in row]
    same = np.array([pair.same for pair in acquired], np.bool_)
    if not same.any() or same.all():
        raise ImageError(
            f"Too few of the images show a face: {len(faces.failures)} failed.",
            hint="Check --images; the first failure is: " + next(iter(faces.failures.values()), "none"),
        )
    rows = np.array([(row[pair.image_a], row[pair.image_b]) for pair in acquired], np.int64)
    return LabelledPairs(rows, same, np.array([pair.fold for pair in acquired], np.int64))


def people_of(faces: Faces) -> NDArray[np.int64]:
    """The number of the person of each image, by its folder."""
    return np.unique([path.parent.name for path in faces.images], return_inverse=True)[1].astype(np.int64)


def representative(spec: NetworkSpec, plan: Plan, *, hold_out: bool) -> tuple[Chips, Chips]:
    """The chips for the quantizer, and with `hold_out` others to measure with.

    Of a folder some are held out. Of the portraits none are, for the shipped file was made of them all: the same
    portraits in another order are given each other's draws, which makes other chips.
    """
    size = spec.alignment.size_px
    if plan.representative is None:
        faces = place_faces(portraits_dir(), plan.finder, spec.alignment)
        return augmented(faces, size), augmented(faces[::-1], size)[::HOLD_OUT_EVERY] if hold_out else _none(size)
    chips = read_chips(plan.representative, size)
    if not hold_out:
        return chips, _none(size)
    held = np.arange(len(chips)) % HOLD_OUT_EVERY == HOLD_OUT_EVERY - 1
    if not held.any():
        raise ImageError(
            f"{plan.representative} has {len(chips)} chips, expected at least {HOLD_OUT_EVERY}: one is held out.",
            hint="Give more chips, or labelled pairs to measure with.",
        )
    return chips[~held], chips[held]


def keras_run(model: "keras.Model") -> Run:
    """The network in Keras, float32, compiled to a graph once for any number of chips."""
    tf = load_tensorflow()
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    compiled = tf.function(lambda chips: model(chips, training=False), input_signature=[pixels])

    def run(chips: Chips) -> Vectors:
        return np.asarray(compiled(np.ascontiguousarray(chips, np.float32)), np.float32)

    return run


def _none(size: int) -> Chips:
    return np.empty((0, size, size, 3), np.uint8)


def _cut(pairs: tuple[Pair, ...], specs: Sequence[NetworkSpec], plan: Plan, folder: Path, bars: Bars) -> Faces:
    images = images_of(pairs)
    with bars("Cutting chips", len(images)) as step:
        return cut_faces(images, [spec.alignment for spec in specs], plan.finder, folder, step)


def _network_report(network: Network, plan: Plan, *, shown: Chips, measured: Measured, bars: Bars) -> NetworkReport:
    spec, run = network.spec, keras_run(network.model)
    reference = _vectors(run, measured.chips, f"{spec.name} in Keras", bars)
    compared = _everybody(reference, measured.people)
    chip = np.asarray(measured.chips[:1])
    contents = _convert(network, plan, shown, bars)
    files = [TfliteFile(content, threads=2) for content in contents]
    loadings = load_everywhere(contents, chip[0], [file.run(chip)[0] for file in files], plan.places)
    latencies = _latencies(run, contents, chip)
    conversions = []
    for number, quantization in enumerate(plan.quantizations):
        vectors = _vectors(files[number].run, measured.chips, f"{spec.name} {quantization.value}", bars)
        found, changed = drift(reference, vectors), _change(reference, vectors, measured.pairs)
        of_everybody = tar_changes(compared, _everybody(vectors, measured.people)) if compared else ()
        loss = tar_loss(changed, measured.pairs, of_everybody, compared)
        conversions.append(
            Conversion(
                network=spec,
                quantization=quantization,
                integer_io=plan.integer_io and quantization is Quantization.FULL_INT8,
                float_operators=files[number].float_operators,
                latency=latencies[number],
                drift=found,
                change=changed,
                everybody=of_everybody,
                loadings=loadings[number],
                verdict=judge(cost_of(found, loss, loadings[number]), plan.budget),
                content=contents[number],
            )
        )
    return NetworkReport(
        network=spec,
        weights=int(network.model.count_params()),
        keras_ms=latencies[0].keras_ms,
        accuracy=_accuracy(reference, measured.pairs),
        conversions=tuple(conversions),
    )


def cost_of(found: Drift, loss: TarLoss | None, loadings: Sequence[Loading]) -> Cost:
    """What the gate looks at."""
    return Cost(
        cosine=found.cosine_median,
        tar_loss=loss,
        failed=frozenset(loading.runtime for loading in loadings if not loading.runs),
    )


def _convert(network: Network, plan: Plan, shown: Chips, bars: Bars) -> list[bytes]:
    contents = []
    with bars(f"Converting {network.spec.name}", len(plan.quantizations)) as step:
        for quantization in plan.quantizations:
            integer_io = plan.integer_io and quantization is Quantization.FULL_INT8
            contents.append(quantize(network.model, quantization, shown, integer_io=integer_io))
            step()
    return contents


def _vectors(run: Run, chips: Chips, label: str, bars: Bars) -> Vectors:
    with bars(f"Embedding with {label}", -(-len(chips) // BATCH)) as step:
        return unit_vectors(run, chips, step)


def _accuracy(vectors: Vectors, pairs: LabelledPairs | None) -> Accuracy | None:
    return None if pairs is None else accuracy(similarities_of(vectors, pairs), pairs)


def _everybody(vectors: Vectors, people: NDArray[np.int64] | None) -> Comparisons | None:
    return None if people is None else compare_everybody(vectors, people)


def _change(reference: Vectors, received: Vectors, pairs: LabelledPairs | None) -> Change | None:
    if pairs is None:
        return None
    return change(similarities_of(reference, pairs), similarities_of(received, pairs), pairs)


def _latencies(run: Run, contents: Sequence[bytes], chip: Chips) -> list[Latency]:
    """Of each file, on one thread and on two."""
    loaded = [TfliteFile(content, threads=threads) for content in contents for threads in (1, 2)]
    runs = [lambda file=file: file.run(chip) for file in loaded]
    keras_ms, *times = medians_ms([lambda: run(chip), *runs])
    return [Latency(keras_ms, one, two) for one, two in zip(times[::2], times[1::2], strict=True)]
