"""A presentation-attack network becomes the pair that a door opens, with its channels in order, or is refused."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from convert.cli.main import cli
from convert.errors import WeightsError
from convert.finder import Finder
from convert.gate import Outcome
from convert.manifests import sealed
from convert.passive import (
    Flips,
    Unquantized,
    drafted,
    flips_between,
    flips_of,
    import_passive,
    judged,
    portrait_crops,
)
from convert.quantize import Quantization, quantize
from convert.representative_set import Chips
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.published import IMPORTERS
from device.commandline import run_command
from device.door_pads import open_network, pad_at
from device.errors import ModelError
from device.images import read_image
from device.records import Box, Image
from device.settings.tables import DoorSettings, PadSettings, Settings
from device.vision.attack.passive import PassiveNetwork, load_passive
from device.vision.manifest import AttackSpec, Manifest, Preprocessing, Source
from device.vision.models import Model, shipped_models_dir

if TYPE_CHECKING:
    import keras

SIZE = 80
ATTACK = AttackSpec(crop_scale=2.7, output="logits", live_index=1, threshold=0.7)
OWN = ["--size", SIZE, "--crop-scale", 2.7, "--live-index", 1, "--license", "MIT"]
FACE = Box(40, 40, 40, 40)


def reddish(*, live: float = 1.0) -> "keras.Model":
    """Takes what has more red than blue for live: a network whose verdict depends on the order of the channels.

    With `live` -1 it is the other way round: trained on BGR, it wants red where RGB has blue.
    """
    load_tensorflow()
    import keras
    from keras import layers

    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    last = layers.Dense(3, name="logits")
    network = keras.Model(pixels, last(layers.GlobalAveragePooling2D()(pixels)), name="reddish")
    last.set_weights([np.array([[0, live, -9], [0, 0, 0], [0, -live, -9]], np.float32), np.zeros(3, np.float32)])
    return network


def picture(*, red: int, blue: int) -> Image:
    image = np.zeros((120, 160, 3), np.uint8)
    image[..., 0], image[..., 2] = red, blue
    return image


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    return reddish()


@pytest.fixture(scope="module")
def content(network: "keras.Model") -> bytes:
    return quantize(network, Quantization.DYNAMIC_RANGE, np.zeros((0, SIZE, SIZE, 3), np.uint8))


@pytest.fixture(scope="module")
def manifest(network: "keras.Model", content: bytes) -> Manifest:
    source = Source(package="own", member="reddish", member_sha256="0" * 64)
    return sealed(drafted(Unquantized("reddish", network, ATTACK, source, "Made up.", "MIT", "For tests.")), content)


@pytest.fixture(scope="module")
def rgb(manifest: Manifest, content: bytes) -> PassiveNetwork:
    return PassiveNetwork(Model(manifest, content))


@pytest.fixture(scope="module")
def bgr(manifest: Manifest, content: bytes) -> PassiveNetwork:
    turned = msgspec.structs.replace(manifest, preprocessing=Preprocessing(color="BGR", scale=1.0, offset=0.0))
    return PassiveNetwork(Model(turned, content))


@pytest.fixture(scope="module")
def crops() -> Chips:
    return portrait_crops(Finder(shipped_models_dir()), 2.7, SIZE)


@pytest.fixture
def made_up(network: "keras.Model", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file that `minifasnet-v2` is read from, and that gives the made-up network."""
    monkeypatch.setitem(IMPORTERS, "minifasnet-v2", lambda _path: network)
    (tmp_path / "net.pth").write_bytes(b"nothing")
    return tmp_path / "net.pth"


def run(*arguments: object) -> int:
    return run_command(cli, ["import", *map(str, arguments)])


@pytest.mark.parametrize(("red", "blue", "live"), [(90, 80, True), (80, 90, False)])
def test_a_network_for_rgb_sees_red_where_red_is(rgb: PassiveNetwork, red: int, blue: int, live: bool) -> None:
    seen = rgb.live(picture(red=red, blue=blue), FACE)
    assert seen is not None
    assert (seen >= 0.7) == live


@pytest.mark.parametrize(("red", "blue", "live"), [(90, 80, False), (80, 90, True)])
def test_a_network_for_bgr_is_fed_bgr(bgr: PassiveNetwork, red: int, blue: int, live: bool) -> None:
    """Fed RGB, it would give the opposite of what it was trained to."""
    seen = bgr.live(picture(red=red, blue=blue), FACE)
    assert seen is not None
    assert (seen >= 0.7) == live


def test_a_manifest_with_the_wrong_order_fails_the_gate(
    network: "keras.Model", bgr: PassiveNetwork, crops: Chips
) -> None:
    assert judged(flips_of(network, bgr, crops)).outcome is Outcome.REFUSED


def test_the_right_order_flips_nothing(network: "keras.Model", rgb: PassiveNetwork, crops: Chips) -> None:
    assert flips_of(network, rgb, crops).flipped == 0


def test_scale_and_offset_are_applied(manifest: Manifest, content: bytes) -> None:
    """With 0.5 of red and -0.5 of blue the logits are 0, 1 and 0: e / (e + 2)."""
    scaled = msgspec.structs.replace(manifest, preprocessing=Preprocessing(color="RGB", scale=0.1, offset=-8.5))
    seen = PassiveNetwork(Model(scaled, content)).live(picture(red=90, blue=80), FACE)
    assert seen == pytest.approx(0.5761, abs=1e-4)


def test_a_face_that_fills_the_picture_gets_no_verdict(rgb: PassiveNetwork) -> None:
    assert rgb.live(picture(red=90, blue=80), Box(20, 10, 101, 101)) is None


def test_a_face_with_a_little_around_it_gets_one(rgb: PassiveNetwork) -> None:
    assert rgb.live(picture(red=90, blue=80), Box(20, 10, 99, 99)) == pytest.approx(1, abs=1e-3)


def test_crops_are_of_both_portraits_and_300(crops: Chips) -> None:
    assert (crops.dtype.name, crops.shape) == ("uint8", (300, 80, 80, 3))


def test_flips_are_counted_at_the_threshold_both_ways() -> None:
    found = flips_between(np.array([0.7, 0.69, 0.1, 0.9]), np.array([0.69, 0.7, 0.3, 0.95]), 0.7)
    assert (found.flipped, found.crops, found.live, round(found.largest, 6)) == (2, 4, 2, 0.2)


@pytest.mark.parametrize(
    ("flips", "outcome", "reason"),
    [
        (Flips(9, 300, 150, 0.1), Outcome.PASSED, ""),
        (Flips(10, 300, 150, 0.1), Outcome.REFUSED, "10 of 300 verdicts flip (3.3 %), expected at most 3 %"),
        (Flips(0, 99, 50, 0.1), Outcome.NOT_JUDGED, "99 crops cannot show a share of 3 %: it takes 100"),
        (Flips(0, 300, 9, 0.1), Outcome.NOT_JUDGED, "in float 9 of 300 crops are live"),
        (Flips(0, 300, 291, 0.1), Outcome.NOT_JUDGED, "in float 291 of 300 crops are live"),
        (Flips(0, 300, 290, 0.1), Outcome.PASSED, ""),
    ],
)
def test_the_gate_goes_by_share_and_count(flips: Flips, outcome: Outcome, reason: str) -> None:
    verdict = judged(flips)
    assert (verdict.outcome, "; ".join(verdict.reasons).startswith(reason)) == (outcome, True)


def test_the_command_writes_a_pair_that_a_door_can_open(made_up: Path, tmp_path: Path) -> None:
    assert run("minifasnet-v2", "--from", made_up, "--any-hash", "--out", tmp_path / "own") == 0
    opened = load_passive("minifasnet-v2", tmp_path / "own")
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["minifasnet-v2.json", "minifasnet-v2.tflite"]
    assert (opened.threshold, opened.spec.crop_scale, opened.spec.live_index) == (0.7, 2.7, 1)


def test_it_prints_the_terms_and_the_flips(made_up: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("minifasnet-v2", "--from", made_up, "--any-hash", "--out", tmp_path)
    said = capfd.readouterr().out
    words = ("0 of 300 flip", "Apache-2.0", "What they were trained on is unknown", "2.7 face boxes as RGB 80x80")
    assert [word for word in words if word not in said] == []


def test_its_json_is_all_that_is_printed(made_up: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("minifasnet-v2", "--from", made_up, "--any-hash", "--out", tmp_path, "--json")
    document = json.loads(capfd.readouterr().out)
    assert (document["outcome"], document["verdicts"], document["verdicts_flipped"]) == ("passed", 300, 0)
    assert document["manifest"] == json.loads((tmp_path / "minifasnet-v2.json").read_text())


def test_one_command_installs_it_where_a_door_looks(
    made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The terms come first, and nothing is written before they are accepted."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    install = ["install", "minifasnet-v2", "--from", str(made_up), "--any-hash"]
    assert run_command(cli, install) == 2
    assert "What they were trained on is unknown" in capfd.readouterr().err
    assert not (tmp_path / "home").exists()
    assert run_command(cli, [*install, "--yes"]) == 0
    assert '[pad]\n  network = "minifasnet-v2"' in capfd.readouterr().out
    door = DoorSettings(target_fmr=1e-4)
    named = Settings(doors=(door,), pad=PadSettings(network="minifasnet-v2"))
    assert open_network(named, pad_at(named, door)).threshold == 0.7


def test_another_file_than_the_known_one_is_refused(
    made_up: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("minifasnet-v2", "--from", made_up, "--out", tmp_path / "own") == 15
    assert "expected a5eb02e1843f19b5386b953cc4c9f011c3f985d0ee2bb9819eea9a142099bec0" in capfd.readouterr().err


def test_a_network_that_the_gate_cannot_judge_is_not_written(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One that takes every crop for an attack."""
    blind = reddish(live=0.0)
    monkeypatch.setitem(IMPORTERS, "minifasnet-v2", lambda _path: blind)
    assert run("minifasnet-v2", "--from", made_up, "--any-hash", "--out", tmp_path / "own") == 1
    assert "not written: in float 0 of 300 crops are live" in capfd.readouterr().out
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("folder", [".", "mine"])
def test_nothing_is_written_among_lintel_s_own_models(folder: str, made_up: Path) -> None:
    with pytest.raises(ModelError, match="is in the folder of the models that Lintel comes with"):
        import_passive("minifasnet-v2", made_up, shipped_models_dir() / folder, any_hash=True)


def test_a_folder_that_is_a_file_is_named(made_up: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert run("minifasnet-v2", "--from", made_up, "--any-hash", "--out", tmp_path / "file") == 4
    assert "Cannot write the network into" in capfd.readouterr().err


def test_a_file_altered_after_its_import_does_not_open(made_up: Path, tmp_path: Path) -> None:
    run("minifasnet-v2", "--from", made_up, "--any-hash", "--out", tmp_path)
    path = tmp_path / "minifasnet-v2.json"
    path.write_text(path.read_text().replace('"threshold": 0.7', '"threshold": 0.1'))
    with pytest.raises(ModelError, match="has been altered") as caught:
        load_passive("minifasnet-v2", tmp_path)
    assert "lintel-convert install" in caught.value.hint


def test_probabilities_in_place_of_logits_are_refused(network: "keras.Model", rgb: PassiveNetwork) -> None:
    """A softmax of them would never be far from a third."""
    import keras

    crops = np.random.default_rng(1).integers(0, 256, (9, SIZE, SIZE, 3), np.uint8)
    ended = keras.Model(network.inputs, keras.layers.Softmax()(network.outputs[0]))
    with pytest.raises(WeightsError, match="gives probabilities, expected logits"):
        flips_of(ended, rgb, crops)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of one's own that was trained on BGR, -1..1: red where it has its third channel is live."""
    path = tmp_path_factory.mktemp("own") / "net.keras"
    with quiet():
        reddish(live=-128.0).save(path)
    return path


@pytest.mark.parametrize(("color", "live"), [("BGR", True), ("RGB", False)])
def test_one_s_own_network_is_fed_in_the_order_it_names(color: str, live: bool, own: Path, tmp_path: Path) -> None:
    scaled = ("--scale", 1 / 128, "--offset", -1, "--color", color)
    assert run("mine", "--from", own, *OWN, *scaled, "--out", tmp_path) == 0
    seen = load_passive("mine", tmp_path).live(picture(red=90, blue=80), FACE)
    assert seen is not None
    assert (seen >= 0.7) == live


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([*OWN[:4], *OWN[6:]], 2, "--live-index"),
        ([*OWN, "--alignment", "arcface"], 2, "--crop-scale takes the place of --alignment"),
        ([*OWN, "--network", "tiny"], 2, "--crop-scale is for a whole network"),
        (
            ["--size", SIZE, "--alignment", "arcface", "--license", "MIT", "--live-index", 1],
            2,
            "goes with --crop-scale",
        ),
        (
            [*OWN[:4], "--live-index", 3, *OWN[6:]],
            15,
            "gives 3 numbers, expected logits of at least two classes, and one at",
        ),
        ([*OWN[:2], "--crop-scale", 1.1, *OWN[4:]], 2, "1.2"),
    ],
)
def test_wrong_options_of_one_s_own_are_named(  # noqa: PLR0913
    arguments: list[object], code: int, said: str, own: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("mine", "--from", own, *arguments, "--out", tmp_path) == code
    assert said in capfd.readouterr().err


@pytest.mark.slow(small="test_the_command_writes_a_pair_that_a_door_can_open")
def test_minivision_s_v2_tells_its_own_example_pictures_apart(lintel_data: Path, tmp_path: Path) -> None:
    source = lintel_data / "weights" / "minifasnet" / "2.7_80x80_MiniFASNetV2.pth"
    assert import_passive("minifasnet-v2", source, tmp_path).flips.flipped <= 9
    network, finder = load_passive("minifasnet-v2", tmp_path), Finder(shipped_models_dir())
    seen = {}
    for name in ("image_T1", "image_F1"):
        image = read_image(lintel_data / "attack" / "stills" / f"{name}.jpg")
        seen[name] = network.live(image, finder.detector.detect(image)[0].box) or 0.0
    assert (seen["image_T1"] >= 0.7, seen["image_F1"] < 0.7) == (True, True)
