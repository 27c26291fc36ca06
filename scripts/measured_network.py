"""Measures a network of the catalogue and writes convert/measured/NAME.json, with which `lintel-convert install` works.

    measured_network.py NAME --from FILE --images LFW [--clips CLIPS] [--cache FOLDER] [--python VERSION]...

The network is quantized as `lintel-convert install` does it, all people of LFW are compared with all in float and as a
file, and the gate refuses a file that costs too much. The thresholds are then set and tried by halves of the people.
What is written are error rates, thresholds, and the numbers of the two public-domain portraits. `--cache` keeps the
embeddings of a run that was stopped; they are of people, so delete it.
"""

import argparse
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from convert.calibrate import UNIT_LENGTH, People, Target, calibrate
from convert.card_figures import Measured, measure
from convert.cli.card import _strangers
from convert.conversion.install import manifest_for, write_into
from convert.conversion.tar_loss import tar_loss
from convert.facts import Facts, GateFacts, Numbers, as_numbers, encoded_facts, measured_dir
from convert.finder import Finder
from convert.gate import Budget, Cost, Outcome, judge
from convert.importing import read_known
from convert.installing import embedded_in_float, portrait_chips, quantized
from convert.measuring.clips import clips_in
from convert.measuring.comparisons import Templates
from convert.measuring.door_protocol import Acquired, acquire, design_of
from convert.measuring.everybody import compare_everybody, tar_changes
from convert.measuring.protocols import person_images
from convert.progress import bar
from convert.quantize import Quantization
from convert.spec import NetworkSpec
from convert.turned import measured as measured_turned
from device.settings.tables import VisionSettings
from device.vision.faces import load_analyzer
from device.vision.manifest import BuiltWith, Manifest
from device.vision.models import shipped_models_dir

DATASET = "LFW, deep-funneled"
TARGET_FMR = 1e-4


@dataclass(frozen=True, slots=True)
class Made:
    """A network's file in a models folder of its own."""

    folder: Path
    manifest: Manifest


def main() -> int:
    """Exit code 1 if the gate refuses the file."""
    asked = _asked()
    entry, network, origin = read_known(asked.name, asked.source)
    spec, finder = entry.spec(asked.name, origin), Finder(shipped_models_dir())
    with TemporaryDirectory(prefix="lintel-") as folder:
        made = {
            kind: _made(spec, kind, quantized(network, spec.alignment, kind, finder), Path(folder) / kind.value)
            for kind in (Quantization.FLOAT32, Quantization(asked.quantization))
        }
        in_float, file = made.values()
        before, after = (_acquired(one, asked) for one in (in_float, file))
        gate = _judged(before, after)
        if gate is None:
            return 1
        target = Target(TARGET_FMR, design_of(3, 3), UNIT_LENGTH, DATASET)
        rule = calibrate(People(after.templates, len(after.names)), target).rule
        manifest = write_into(
            msgspec.structs.replace(file.manifest, decision=rule),
            (file.folder / file.manifest.file).read_bytes(),
            file.folder,
            shipped_models_dir(),
        )
        analyzer = load_analyzer(VisionSettings(models_dir=str(file.folder), threads=1))
        strangers = _strangers(asked.clips, after.templates, analyzer) if asked.clips else None
        measured = Measured(analyzer.embedder, after, None, strangers)
        figures = measure(file.folder, measured, target.design, print)
        chips = portrait_chips(finder, spec.alignment)
        facts = Facts(
            facts_version=1,
            name=asked.name,
            weights_sha256=origin.member_sha256,
            file_sha256=manifest.sha256,
            built_with=_stated(manifest.built_with),
            pythons=tuple(asked.pythons or [platform.python_version()]),
            gate=gate,
            portraits={
                one: Numbers(
                    network=as_numbers(embedded_in_float(network, chip)), file=as_numbers(analyzer.embedder.embed(chip))
                )
                for one, chip in chips.items()
            },
            decision=rule,
            figures=msgspec.structs.replace(figures, manifest_seal="", plots={}),
            turned=measured_turned(clips_in(asked.clips), analyzer, asked.clips.name)[0] if asked.clips else None,
        )
    path = measured_dir() / f"{asked.name}.json"
    path.write_bytes(encoded_facts(facts))
    print(f"{path} written")
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--from", dest="source", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--quantization", default="full-int8", choices=("full-int8", "dynamic-range"))
    parser.add_argument("--python", dest="pythons", action="append", help="a Python that makes the same file")
    return parser.parse_args()


def _made(spec: NetworkSpec, kind: Quantization, content: bytes, folder: Path) -> Made:
    return Made(folder, write_into(manifest_for(spec, kind, content), content, folder, shipped_models_dir()))


def _acquired(made: Made, asked: argparse.Namespace) -> Acquired:
    """The embeddings of everybody, from the cache if they are there."""
    kept = asked.cache / f"{made.manifest.sha256}.npz" if asked.cache else None
    if kept and kept.exists():
        found = np.load(kept)
        return Acquired(
            Templates(found["vectors"], found["people"]), tuple(map(str, found["names"])), found["images"], {}
        )
    paths = person_images(asked.images, 4)
    with bar(f"Embedding with {made.folder.name}", len(paths)) as step:
        acquired = acquire(paths, load_analyzer(VisionSettings(models_dir=str(made.folder), threads=2)), step)
    if kept and not acquired.failures:
        templates = acquired.templates
        np.savez(
            kept,
            vectors=templates.vectors,
            people=templates.people,
            names=np.array(acquired.names),
            images=acquired.images,
        )
    return acquired


def _judged(before: Acquired, after: Acquired) -> GateFacts | None:
    """What the file costs against the network in float; None if the gate does not let it pass, which is printed."""
    one, other = (compare_everybody(each.templates.vectors, each.templates.people) for each in (before, after))
    assert one is not None
    changes = tar_changes(one, other)
    cosines = np.einsum("ij,ij->i", before.templates.vectors, after.templates.vectors)
    verdict = judge(Cost(float(np.median(cosines)), tar_loss(None, None, changes, one)), Budget())
    print(f"median cosine with float32 {np.median(cosines):.4f}, least {cosines.min():.4f}; {changes}: {verdict}")
    if verdict.outcome is not Outcome.PASSED:
        return None
    at = changes[0]
    return GateFacts(
        target_fmr=at.target_fmr,
        change=at.change,
        low=at.interval[0],
        high=at.interval[1],
        mated=len(one.mated),
        non_mated=at.non_mated,
    )


def _stated(maker: BuiltWith | None) -> BuiltWith:
    assert maker is not None
    return maker


if __name__ == "__main__":
    sys.exit(main())
