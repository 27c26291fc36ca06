"""The sidecar of a trained network, and what that of an earlier training says."""

import re
from pathlib import Path

from convert.errors import WeightsError
from convert.spec import NetworkSpec, read_spec, sidecar
from convert.training.plan import TrainingFiles, TrainingPlan
from device.errors import ImageError
from device.vision.manifest import Alignment, Source

LICENSE = "unstated"
TERMS = "Trained by yourself: what it may be used for depends on the photos and on the people in them."


def trained_spec(plan: TrainingPlan, files: TrainingFiles, alignment: Alignment, data_sha256: str) -> NetworkSpec:
    """What `lintel-convert quantize` needs to know of the network at `files.out`."""
    data = files.data.resolve().name
    return NetworkSpec(
        spec_version=1,
        name=re.sub(r"[^\w.-]", "-", files.out.stem),
        description=f"{plan.network}, trained with {plan.objective.value} on {data}.",
        alignment=alignment,
        length=plan.length,
        source=Source(package="lintel-convert train", member=data, member_sha256=data_sha256),
        license=LICENSE,
        terms=TERMS,
        held_out=plan.held_out if knows_whom_it_saw(files.initial) else None,
    )


def expect_size(alignment: Alignment | None, size_px: int, data: Path) -> None:
    """Raises `ImageError` if the note beside the chips is of chips of another size than the network takes."""
    if alignment is not None and alignment.size_px != size_px:
        raise ImageError(
            f"The chips in {data} are noted as {alignment.size_px} pixels wide, the network takes {size_px}.",
            hint="Align the photos for this network: `lintel-convert align --alignment`, and --size if none fits.",
        )


def knows_whom_it_saw(initial: Path | None) -> bool:
    """Whether the held-out people can't have been trained on before: no earlier training, or one that says so.

    Raises `WeightsError` for a sidecar that cannot be read.
    """
    return initial is None or _held_out(initial) is not None


def expect_held_out(plan: TrainingPlan, initial: Path | None) -> None:
    """Raises `WeightsError` if people who are to be held out were trained on before, as far as that is known.

    A larger share adds people to those of a smaller one (`convert.training.people.split_by_name`).
    """
    earlier = _held_out(initial) if initial is not None else None
    if earlier is not None and plan.held_out > earlier:
        raise WeightsError(
            f"{initial} was trained on people who are to be held out now: it held out a share of {earlier:g}, "
            f"received --held-out {plan.held_out:g}.",
            hint=f"Give --held-out {earlier:g} or less, or start from another network.",
        )


def _held_out(initial: Path) -> float | None:
    return read_spec(initial).held_out if sidecar(initial).exists() else None
