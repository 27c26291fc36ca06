"""A known network is installed with the thresholds on record if it is the one that was measured, or nothing is."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from convert import facts as facts_module
from convert import installing
from convert.card import disagreements, read_figures
from convert.catalogue import catalogue
from convert.cli.main import cli
from convert.conversion.install import manifest_for
from convert.errors import WeightsError
from convert.facts import Facts, GateFacts, Numbers, as_numbers, encoded_facts, measured_dir, read_facts
from convert.finder import Finder
from convert.installing import embedded_in_float, install_known, portrait_chips, quantized
from convert.quantize import Quantization
from convert.tensorflow_backend import load_tensorflow
from device.commandline import run_command
from device.errors import ModelError
from device.settings.tables import VisionSettings
from device.vision.embedder import Embedder, decision_rule_of
from device.vision.faces import load_analyzer_for
from device.vision.manifest import BuiltWith, read_manifest
from device.vision.models import EMBEDDING, Model, load_model, shipped_models_dir
from tests.convert.conversion.bench import LENGTH, SIZE, SPEC

if TYPE_CHECKING:
    import keras


class TinyEntry:
    """The catalogue's entry of a network for tests."""

    license, all_terms, file = "Apache-2.0", "Not for a door.", "tiny.onnx"

    def spec(self, _name: str, _origin: object) -> object:
        return SPEC


def tiny(seed: int) -> "keras.Model":
    load_tensorflow()
    import keras
    from keras import layers

    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    last = layers.Dense(LENGTH, name="vector")
    network = keras.Model(pixels, last(layers.Flatten()(layers.AveragePooling2D(4)(pixels))), name="tiny")
    generator = np.random.default_rng(seed)
    last.set_weights([generator.normal(size=each.shape).astype(np.float32) for each in last.get_weights()])
    return network


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    return tiny(0)


@pytest.fixture(scope="module")
def content(network: "keras.Model") -> bytes:
    return quantized(network, SPEC.alignment, Quantization.FULL_INT8, Finder(shipped_models_dir()))


@pytest.fixture(scope="module")
def facts(network: "keras.Model", content: bytes) -> Facts:
    """Those of the tiny network's file, with the rates of Lintel's own."""
    manifest = manifest_for(SPEC, Quantization.FULL_INT8, content)
    chips = portrait_chips(Finder(shipped_models_dir()), SPEC.alignment)
    embedder = Embedder(Model(manifest, content))
    figures = msgspec.structs.replace(
        read_figures(shipped_models_dir()), model_sha256=manifest.sha256, manifest_seal="", plots={}
    )
    return Facts(
        facts_version=1,
        name="tiny",
        weights_sha256="0" * 64,
        file_sha256=manifest.sha256,
        built_with=manifest.built_with or BuiltWith(tensorflow="", cpu="", quantization="full-int8"),
        pythons=("3.11",),
        gate=GateFacts(target_fmr=1e-3, change=0.0, low=0.0, high=0.0, mated=1, non_mated=1),
        portraits={
            name: Numbers(network=as_numbers(embedded_in_float(network, chip)), file=as_numbers(embedder.embed(chip)))
            for name, chip in chips.items()
        },
        decision=decision_rule_of(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")),
        figures=figures,
    )


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, network: "keras.Model", facts: Facts) -> Path:
    """The tiny network is known and measured; the folder of what was measured."""
    measured = tmp_path / "measured"
    measured.mkdir()
    (measured / "tiny.json").write_bytes(encoded_facts(facts))
    monkeypatch.setattr(facts_module, "measured_dir", lambda: measured)
    gives(monkeypatch, network)
    monkeypatch.setattr(installing, "known", lambda _name: TinyEntry())
    return measured


def gives(monkeypatch: pytest.MonkeyPatch, network: "keras.Model") -> None:
    monkeypatch.setattr(installing, "read_known", lambda *_, **__: (TinyEntry(), network, SPEC.source))


def installed(folder: Path, *more: str) -> int:
    return run_command(cli, ["install", "tiny", "--from", "tiny.onnx", "--into", str(folder), *more])


def test_door_runs_on_what_was_installed(known: Path, facts: Facts, tmp_path: Path) -> None:
    found = install_known("tiny", Path("tiny.onnx"), tmp_path / "models")
    assert found.is_same_file
    assert (round(found.network_cosine, 5), round(found.file_cosine, 5)) == (1.0, 1.0)
    analyzer = load_analyzer_for(VisionSettings(models_dir=str(tmp_path / "models"), threads=1), 1e-4)
    assert analyzer.embedder.decision_rule == facts.decision
    assert disagreements(tmp_path / "models") == ()
    assert known.is_dir()


@pytest.mark.usefixtures("known")
def test_other_network_than_was_measured_goes_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gives(monkeypatch, tiny(1))
    with pytest.raises(WeightsError, match=r"tiny\.onnx is not the network that was measured.* at least 0\.999"):
        install_known("tiny", Path("tiny.onnx"), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_other_file_than_was_measured_goes_nowhere(known: Path, facts: Facts, tmp_path: Path) -> None:
    numbers = {name: Numbers(network=had.network, file=had.file[::-1]) for name, had in facts.portraits.items()}
    (known / "tiny.json").write_bytes(encoded_facts(msgspec.structs.replace(facts, portraits=numbers)))
    with pytest.raises(WeightsError, match="the file that was made of it is not the one that was measured"):
        install_known("tiny", Path("tiny.onnx"), tmp_path / "models")
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("known")
def test_terms_are_printed_and_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert installed(tmp_path / "models") == 2
    said = capsys.readouterr().err
    assert "terms    Not for a door." in said
    assert "Accept the terms with --yes" in said
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("known")
def test_command_says_what_to_do_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert installed(tmp_path / "models", "--yes") == 0
    said = capsys.readouterr().out
    for part in ("the very file that was measured", "3 x 3 at 0.93963: FMR 9.9e-05 (91 of 916560)", "models_dir = "):
        assert part in said
    assert "lintel people list --stale" in said
    assert installed(tmp_path / "again", "--yes", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["is_same_file"], document["manifest"]["name"]) == (True, "face-embedding")
    again, first = (load_model(EMBEDDING, tmp_path / name) for name in ("again", "models"))
    assert again == first


@pytest.mark.usefixtures("known")
def test_lintel_s_own_models_stay_as_they_are() -> None:
    with pytest.raises(ModelError, match="folder of the models that Lintel comes with"):
        install_known("tiny", Path("tiny.onnx"), shipped_models_dir())


@pytest.mark.parametrize("name", ["nn4-small2", "dlib-resnet", "nothing"])
def test_network_that_was_not_measured_has_no_thresholds(name: str) -> None:
    with pytest.raises(WeightsError, match="No thresholds come with Lintel for") as refused:
        read_facts(name)
    assert "lintel-convert quantize" in refused.value.hint


@pytest.mark.parametrize("name", [path.stem for path in sorted(measured_dir().glob("*.json"))])
def test_facts_that_come_with_lintel_hold_together(name: str) -> None:
    facts = read_facts(name)
    assert facts.weights_sha256 == catalogue()[name].sha256
    assert facts.decision.read_off_curves() == facts.decision
    assert facts.figures.model_sha256 == facts.file_sha256
    assert -facts.gate.change <= 0.003
    assert facts.gate.non_mated >= 3000
    assert [(one.references, one.probes, one.threshold) for one in facts.figures.points] == [
        (one.references, one.probes, facts.decision.threshold(one.references, one.probes))
        for one in facts.decision.points
    ]
    assert set(facts.portraits) == {"eileen-collins", "grace-hopper"}
    assert len(facts.figures.halves[0]) >= 3
