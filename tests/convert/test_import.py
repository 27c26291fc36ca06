"""`lintel-convert import`: known networks by their hash, one's own with what its file does not say, both as pairs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.alignments import arcface_alignment, resized
from convert.cli.main import cli
from convert.errors import WeightsError
from convert.importing import OwnNetwork, import_known, import_own
from convert.spec import read_spec
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files.archive import read_network
from convert.weights.keras_files.saved_model import check_saved_model
from device.commandline import run_command

if TYPE_CHECKING:
    import keras

SIZE = 16
PIXELS = np.random.default_rng(1).uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)
SCALED = (PIXELS * np.float32(1 / 128) - np.float32(1))[..., ::-1]
"""What a network wants that was trained on BGR, -1..1."""
OWN = OwnNetwork(SIZE, "arcface", "MIT", scale=1 / 128, offset=-1.0, bgr=True)
OPTIONS = ["--size", str(SIZE), "--alignment", "arcface", "--license", "MIT"]


def small_network(shape: tuple[int | None, ...] = (SIZE, SIZE, 3)) -> "keras.Model":
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    pixels = keras.Input(shape)
    x = layers.Conv2D(4, 3, name="conv")(pixels)
    return keras.Model(pixels, layers.Dense(6)(layers.GlobalAveragePooling2D()(x)), name="small")


def saved(model: "keras.Model", path: Path) -> Path:
    with quiet():
        model.save(path)
    return path


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    return small_network()


@pytest.fixture(scope="module")
def files(network: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    with quiet():
        network.save(folder / "net.keras")
        network.export(folder / "saved", verbose=False)
    return folder


def run(*arguments: object) -> int:
    return run_command(cli, ["import", *map(str, arguments)])


def test_a_network_of_one_s_own_takes_rgb_0_to_255_after_its_import(
    files: Path, network: "keras.Model", tmp_path: Path
) -> None:
    imported = import_own("mine", files / "net.keras", tmp_path, OWN)
    received = np.asarray(read_network(imported.path)(PIXELS))
    assert np.abs(received - np.asarray(network(SCALED))).max() < 1e-5


def test_its_first_layer_is_its_normalization(files: Path, tmp_path: Path) -> None:
    imported = import_own("mine", files / "net.keras", tmp_path, OWN)
    names = [layer.name for layer in read_network(imported.path).layers]
    assert names == ["pixels", "normalization", "bgr", "small"]


def test_one_that_has_its_normalization_inside_stays_as_it_is(files: Path, tmp_path: Path) -> None:
    once = import_own("once", files / "net.keras", tmp_path, OWN)
    again = import_own("again", once.path, tmp_path, OwnNetwork(SIZE, "arcface", "MIT"))
    assert [layer.name for layer in read_network(again.path).layers][1] == "normalization"


def test_its_sidecar_says_what_its_file_does_not(files: Path, tmp_path: Path) -> None:
    spec = read_spec(import_own("mine", files / "net.keras", tmp_path, OWN).path)
    assert (spec.alignment.size_px, spec.length, spec.license, spec.source.member) == (SIZE, 6, "MIT", "net.keras")


def test_its_template_is_that_of_aligned_chips_of_its_size(files: Path, tmp_path: Path) -> None:
    spec = import_own("mine", files / "net.keras", tmp_path, OWN).spec
    assert spec.alignment == resized(arcface_alignment(), SIZE)


def test_template_grows_from_its_first_pixel_s_corner(tmp_path: Path) -> None:
    path = saved(small_network((224, 224, 3)), tmp_path / "net.keras")
    spec = import_own("mine", path, tmp_path / "out", OwnNetwork(224, "arcface", "MIT")).spec
    assert spec.alignment.template[0] == (77.0892, 103.8926)


def test_a_saved_model_stays_one_and_takes_rgb_0_to_255(files: Path, network: "keras.Model", tmp_path: Path) -> None:
    imported = import_own("mine", files / "saved", tmp_path, OWN)
    tf = load_tensorflow()
    with quiet():
        call = tf.saved_model.load(str(imported.path)).signatures["serving_default"]
    received = call(pixels=tf.constant(PIXELS))["embedding"]
    assert np.abs(np.asarray(received) - np.asarray(network(SCALED))).max() < 1e-5


def test_imported_saved_model_passes_the_check_and_has_a_sidecar(files: Path, tmp_path: Path) -> None:
    imported = import_own("mine", files / "saved", tmp_path, OWN)
    assert (check_saved_model(imported.path).output_shape, read_spec(imported.path)) == ((None, 6), imported.spec)


def test_a_saved_model_is_not_written_over_another(files: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(WeightsError, match="exists already"):
        import_own("mine", files / "saved", tmp_path, OWN)


def test_weights_alone_need_a_network_and_get_the_project_s(tmp_path: Path) -> None:
    from convert.networks.tiny import tiny

    with quiet():
        tiny().save_weights(tmp_path / "net.weights.h5")
    own = OwnNetwork(112, "arcface", "MIT", network="tiny")
    assert import_own("mine", tmp_path / "net.weights.h5", tmp_path, own).weights == 750_144


def test_a_network_of_the_project_keeps_its_own_normalization(tmp_path: Path) -> None:
    own = OwnNetwork(112, "arcface", "MIT", scale=0.5, network="tiny")
    with pytest.raises(WeightsError, match="normalizes its input itself"):
        import_own("mine", tmp_path / "net.weights.h5", tmp_path, own)


@pytest.fixture(scope="module")
def facenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of FaceNet's network at 512 numbers, untrained, in both forms."""
    from convert.networks.inception_resnet_v1 import inception_resnet_v1

    folder, network = tmp_path_factory.mktemp("facenet"), inception_resnet_v1(length=512)
    with quiet():
        network.save_weights(folder / "net.weights.h5")
        network.save(folder / "net.h5")
    return folder


@pytest.mark.slow(small="test_weights_alone_need_a_network_and_get_the_project_s")
@pytest.mark.parametrize("name", ["net.weights.h5", "net.h5"])
def test_facenet_s_weights_of_512_numbers_come_in(name: str, facenet: Path, tmp_path: Path) -> None:
    own = OwnNetwork(160, "dlib", "MIT", network="inception_resnet_v1", length=512)
    imported = import_own("mine", facenet / name, tmp_path, own)
    assert (imported.spec.length, imported.weights) == (512, 23_497_424)


@pytest.mark.slow(small="test_weights_alone_need_a_network_and_get_the_project_s")
def test_weights_of_another_length_say_which_option_names_it(facenet: Path, tmp_path: Path) -> None:
    own = OwnNetwork(160, "dlib", "MIT", network="inception_resnet_v1")
    with pytest.raises(WeightsError, match=r"expected float32 \[1792, 128\], received float32 \[1792, 512\]") as caught:
        import_own("mine", facenet / "net.weights.h5", tmp_path, own)
    assert "--length" in caught.value.hint


def test_a_network_of_one_length_takes_no_other(tmp_path: Path) -> None:
    own = OwnNetwork(96, "openface", "MIT", network="nn4_small2", length=512)
    with pytest.raises(WeightsError, match="nn4_small2 gives 128 numbers, received a length of 512"):
        import_own("mine", tmp_path / "net.weights.h5", tmp_path, own)


def test_a_saved_model_takes_no_network_of_the_project(files: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="a SavedModel is a whole network"):
        import_own("mine", files / "saved", tmp_path, OwnNetwork(SIZE, "arcface", "MIT", network="tiny"))


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((3, SIZE, SIZE), "channels first, which TFLite has no kernels for"),
        ((SIZE, SIZE, 1), r"expected pixels \[None, 16, 16, 3\], received \[None, 16, 16, 1\]"),
        ((24, 24, 3), r"received \[None, 24, 24, 3\]"),
    ],
)
def test_a_network_of_other_pixels_is_refused(shape: tuple[int, int, int], reason: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=reason):
        import_own("mine", saved(small_network(shape), tmp_path / "net.keras"), tmp_path, OWN)


def test_a_network_of_any_size_gets_one(tmp_path: Path) -> None:
    imported = import_own("mine", saved(small_network((None, None, 3)), tmp_path / "net.keras"), tmp_path, OWN)
    assert read_network(imported.path).input_shape == (None, SIZE, SIZE, 3)


def test_a_network_that_gives_no_vector_is_refused(tmp_path: Path) -> None:
    load_tensorflow()
    import keras

    pixels = keras.Input((SIZE, SIZE, 3))
    path = saved(keras.Model(pixels, keras.layers.ReLU()(pixels)), tmp_path / "net.keras")
    with pytest.raises(WeightsError, match="expected one vector"):
        import_own("mine", path, tmp_path, OWN)


def test_the_command_tells_tensors_license_and_terms(
    files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("mine", "--from", files / "net.keras", *OPTIONS, "--out", tmp_path, "--terms", "At home.") == 0
    said = capfd.readouterr().out
    assert [word for word in ("4 tensors", "RGB 16x16", "6 numbers", "MIT", "At home.") if word not in said] == []


def test_the_command_s_json_is_all_that_is_printed(
    files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run("mine", "--from", files / "net.keras", *OPTIONS, "--out", tmp_path, "--json")
    document = json.loads(capfd.readouterr().out)
    assert (document["tensors"], document["spec"]["name"], Path(document["sidecar"]).name) == (4, "mine", "mine.json")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nobody"], 15, "Unknown network 'nobody'. Known: dlib-resnet"),
        (["mine", "--size", "16"], 2, "needs --size, --alignment and --license"),
        (["mobilefacenet", *OPTIONS], 2, "mobilefacenet is a known network"),
        (["mobilefacenet", "--network", "tiny", "--color", "BGR", "--terms", "x"], 2, "--network, --color, --terms"),
        (["mobilefacenet", "--scale", "1"], 2, "mobilefacenet is a known network, which sets --scale"),
        (["mine", "--network", "tiny"], 2, "needs --size, --alignment and --license"),
        (["mine", *OPTIONS, "--any-hash"], 2, "--any-hash is for a known network"),
        (["mine", *OPTIONS, "--length", "512"], 2, "--length is for a --network"),
        (["../mine"], 2, "expected letters"),
        (["keras-facenet"], 15, "--network inception_resnet_v1 --length 128"),
        (["facenet-20180402"], 15, "--network inception_resnet_v1 --length 512"),
        (["mobilefacenet"], 15, "expected b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507"),
        (["mobilefacenet", "--any-hash"], 15, "Error: "),
        (["nn4-small2"], 15, "Not a folder"),
    ],
)
def test_what_cannot_be_imported_is_told_with_an_exit_code(
    arguments: list[str], code: int, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net").write_bytes(b"nothing")
    assert run(*arguments, "--from", tmp_path / "net", "--out", tmp_path) == code
    assert said in capfd.readouterr().err


def test_another_hash_names_both(tmp_path: Path) -> None:
    (tmp_path / "net").write_bytes(b"nothing")
    with pytest.raises(
        WeightsError, match=r"has SHA-256 1785cfc3bc6ac7738e8b38cdccd1af12563c2b9070e07af336a1bf8c0f772b6a"
    ):
        import_known("mobilefacenet", tmp_path / "net", tmp_path)


@pytest.mark.parametrize(
    ("name", "path", "size", "length", "weights"),
    [
        ("mobilefacenet", "mobilefacenet/MobileFaceNet.onnx", 112, 128, 1_019_520),
        ("minifasnet-v1se", "minifasnet/4_0_0_80x80_MiniFASNetV1SE.pth", 80, 3, 444_554),
    ],
)
def test_the_published_files_are_imported(  # noqa: PLR0913
    name: str, path: str, size: int, length: int, weights: int, lintel_data: Path, tmp_path: Path
) -> None:
    imported = import_known(name, lintel_data / "weights" / path, tmp_path)
    spec = read_spec(imported.path)
    assert (spec.alignment.size_px, spec.length, imported.weights) == (size, length, weights)


def test_dlib_s_file_is_imported(published: Callable[[str], Path], tmp_path: Path) -> None:
    imported = import_known("dlib-resnet", published("dlib_face_recognition_resnet_model_v1.dat"), tmp_path)
    assert (imported.spec.alignment.size_px, imported.tensors, imported.weights) == (150, 59, 5_607_488)


def test_an_incomplete_folder_names_what_is_missing(
    lintel_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = lintel_data / "weights" / "openface-nn4.small2"
    missing = ["3c_3x3_conv2_w", "4e_3x3_conv2_w", "5a_1x1_conv_w", "5a_3x3_conv2_w", "5b_3x3_conv2_w"]
    assert run("nn4-small2", "--from", folder, "--out", tmp_path) == 15
    said = capfd.readouterr().err
    assert [name for name in missing if f"inception_{name}" not in said] == []


def test_a_folder_with_one_number_changed_is_refused(lintel_data: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(lintel_data / "weights" / "openface-nn4.small2", tmp_path / "copy"))
    (folder / "bn1_b.csv").chmod(0o600)
    (folder / "bn1_b.csv").write_text((folder / "bn1_b.csv").read_text().replace("1", "2", 1))
    with pytest.raises(WeightsError, match="has SHA-256"):
        import_known("nn4-small2", folder, tmp_path)
