"""Each converter command loads the door's detector and mesh once, however many networks and pictures it looks at."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.cli.main import cli
from convert.gate import Cost, TarLoss
from convert.measuring import bootstrap, cost
from convert.published.sources import FACE_MESH, RESNET_WEIGHTS, SHORT_RANGE_DETECTOR
from convert.spec import NetworkSpec, write_network
from convert.tensorflow_backend import load_tensorflow
from device.commandline import run_command
from device.images import read_image
from device.vision.detector import Detector
from device.vision.landmarks import FaceMesh
from device.vision.manifest import Alignment, Source
from device.vision.models import Model, shipped_models_dir

SIZE = 24
ONCE = {"Detector": 1, "FaceMesh": 1}


@pytest.fixture(autouse=True)
def _few_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "REPLICATES", 20)
    for name in ("REPLICATES", "BAND_REPLICATES"):
        monkeypatch.setattr(bootstrap, name, 20)


def counting(name: str, init: Callable[..., None], counted: Counter[str]) -> Callable[..., None]:
    """The constructor, which also counts."""

    def counting_init(self: object, model: Model, *, threads: int = 1) -> None:
        counted[name] += 1
        init(self, model, threads=threads)

    return counting_init


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many detectors and meshes were loaded since."""
    counted: Counter[str] = Counter()

    for kind in (Detector, FaceMesh):
        monkeypatch.setattr(kind, "__init__", counting(kind.__name__, kind.__init__, counted))
    return counted


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures each of two people, who both appear under three names."""
    folder = tmp_path_factory.mktemp("people")
    for name in ("eileen-collins", "grace-hopper"):
        portrait = read_image(shipped_models_dir() / "portraits" / f"{name}.jpg")[:, :, ::-1]
        for alias in range(3):
            (folder / f"{name}-{alias}").mkdir()
            for number in range(6):
                light = 1.0 - 0.1 * alias - 0.03 * number
                cv2.imwrite(str(folder / f"{name}-{alias}" / f"{number}.png"), (portrait * light).astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def pairs(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = sorted(path.name for path in people.iterdir())
    rows = [
        f"{name}/0.png,{name}/1.png,1\n{name}/0.png,{other}/0.png,0"
        for name, other in zip(names, names[3:] + names[:3], strict=True)
    ]
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    path.write_text("\n".join(["image_a,image_b,same", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two small networks with their sidecars, each of an alignment of its own."""
    load_tensorflow()
    import keras

    folder, paths = tmp_path_factory.mktemp("networks"), []
    for name, shift in (("one", 0.0), ("two", 1.0)):
        pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
        x = keras.layers.AveragePooling2D(6)(keras.layers.Rescaling(1 / 255, name="normalization")(pixels))
        template = ((8.0 + shift, 9.0), (16.0 + shift, 9.0), (12.0 + shift, 14.0))
        spec = NetworkSpec(
            spec_version=1,
            name=name,
            description="A network for tests.",
            alignment=Alignment(size_px=SIZE, template=template, landmarks=((33, 133), 263, 2)),
            length=48,
            source=Source(package="tests", member=name, member_sha256="0" * 64),
            license="Apache-2.0",
            terms="Anything.",
        )
        write_network(keras.Model(pixels, keras.layers.Flatten()(x), name=name), spec, folder / f"{name}.keras")
        paths.append(str(folder / f"{name}.keras"))
    return paths


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_models_dir(), tmp_path / "models"))


def run(*arguments: object) -> int:
    return run_command(cli, [str(argument) for argument in arguments])


def test_align_loads_once(loads: Counter[str], people: Path, tmp_path: Path) -> None:
    assert run("align", people, tmp_path / "chips") == 0
    assert loads == ONCE


def test_evaluate_loads_once(loads: Counter[str], people: Path, pairs: Path) -> None:
    assert run("evaluate", "--images", people, "--pairs", pairs, "--references", 1, "--probes", 1) == 0
    assert loads == ONCE


def test_calibrate_loads_once(loads: Counter[str], people: Path) -> None:
    assert run("calibrate", "--images", people, "--fmr", 0.1, "--references", 1, "--probes", 1, "--dry-run") == 0
    assert loads == ONCE


def test_cluster_with_a_sheet_loads_once(loads: Counter[str], people: Path, tmp_path: Path) -> None:
    assert run("cluster", people, "--out", tmp_path / "sheet.png") == 0
    assert loads == ONCE


def test_quantize_without_pairs_loads_once(loads: Counter[str], networks: list[str]) -> None:
    assert run("quantize", *networks, "--quantization", "float32") == 0
    assert loads == ONCE


def test_quantize_with_pairs_loads_once(loads: Counter[str], networks: list[str], people: Path, pairs: Path) -> None:
    assert run("quantize", *networks, "--quantization", "float32", "--pairs", pairs, "--images", people) == 0
    assert loads == ONCE


@pytest.fixture
def let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate finds that nothing costs anything."""
    loss = TarLoss(0.0, mated=9000, non_mated=10**6, people=900)
    monkeypatch.setattr("convert.conversion.conversions.cost_of", lambda *_: Cost(1.0, loss))


@pytest.mark.usefixtures("let_pass")
def test_quantize_into_a_folder_loads_once(
    loads: Counter[str], networks: list[str], people: Path, pairs: Path, models: Path
) -> None:
    labelled = ("--pairs", pairs, "--images", people)
    assert run("quantize", networks[0], *labelled, "--into", models, "--fmr", 0.1) == 0
    assert loads == ONCE


def test_card_loads_once(loads: Counter[str], people: Path, pairs: Path, models: Path) -> None:
    images = ("--images", people, "--models", models, "--references", 2, "--probes", 1)
    assert run("calibrate", *images, "--fmr", 0.1) == 0
    loads.clear()
    assert run("card", *images, "--pairs", pairs) == 0
    assert loads == ONCE


@pytest.mark.slow(small="test_card_loads_once")
@pytest.mark.parametrize("more", [(), ("--check",)])
def test_build_loads_once(
    loads: Counter[str], published: Callable[[str], Path], models: Path, more: tuple[str, ...]
) -> None:
    for member in (SHORT_RANGE_DETECTOR, FACE_MESH, RESNET_WEIGHTS):
        published(member.name)
    assert run("build", "--out", models, *more) == 0
    assert loads == ONCE
