"""`lintel-convert quantize`: networks in, files and a table out; contradictions are refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from convert.cli.main import cli
from convert.quantize import Quantization
from convert.spec import encoded, sidecar
from device.commandline import run_command
from device.vision.manifest import Alignment
from tests.convert.conversion.bench import SIZE, SPEC, quantized, told


@pytest.fixture(scope="module")
def everything(tiny: Path, labelled: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `--all` with labelled pairs writes."""
    out = tmp_path_factory.mktemp("out") / "report"
    arguments = ["quantize", str(tiny), "--all", *labelled, "--out", str(out), "--max-tar-loss", "100"]
    assert run_command(cli, arguments) == 0
    return out


@pytest.fixture(scope="module")
def document(everything: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((everything / "report.json").read_text())
    return found


def test_every_quantization_is_written(everything: Path) -> None:
    files = {f"tiny-{quantization.value}.tflite" for quantization in Quantization}
    assert {path.name for path in everything.iterdir()} == {*files, "report.json", "report.md"}


def test_the_report_knows_what_it_was_measured_on(document: dict[str, Any]) -> None:
    assert (document["pairs"], document["images"]) == (12, 7)
    assert [Path(one["image"]).name for one in document["failures_to_acquire"]] == ["wall.png"]
    assert document["networks"][0]["terms"] == "Anything."


def test_the_report_has_a_row_for_each_file(everything: Path, document: dict[str, Any]) -> None:
    for row in document["conversions"]:
        assert (everything / row["file"]).stat().st_size == row["size_bytes"]
        assert row["outcome"] == "not judged"
        assert row["embeddings"]["cosine_worst"] > 0.9
        assert row["pairs"]["pearson"] > 0.9
        assert min(row["latency"].values()) > 0
    assert [row["quantization"] for row in document["conversions"]] == [one.value for one in Quantization]


def test_float32_costs_nothing(document: dict[str, Any]) -> None:
    exact = document["conversions"][0]
    assert exact["embeddings"]["distance_worst"] < 1e-4
    assert (exact["pairs"]["accuracy_change"], exact["pairs"]["tar_change"]) == (0.0, 0.0)


def test_what_stays_float_is_told(document: dict[str, Any]) -> None:
    assert document["conversions"][-1]["float_operators"] == {"ELU": 1}


def test_a_file_is_tried_in_every_runtime_installed(document: dict[str, Any]) -> None:
    for row in document["conversions"]:
        assert {one["runtime"] for one in row["runtimes"]} >= {"ai-edge-litert", "tensorflow"}
        assert all(one["cosine"] > 0.99 for one in row["runtimes"])


def test_the_table_is_markdown(everything: Path) -> None:
    lines = (everything / "report.md").read_text().splitlines()
    assert lines[0].startswith("| network | quantization | size, MB |")
    assert [line.split(" | ")[1] for line in lines[2:7]] == ["Keras float32", *(one.value for one in Quantization)]
    assert {line.count("|") for line in lines[:7]} == {11}
    assert any("Measured on 12 labelled pairs of 7 images, 1 without a face" in line for line in lines)


def test_without_pairs_nothing_is_judged(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantized(tiny, "--json") == 0
    out, err = told(capfd)
    (row,) = json.loads(out)["conversions"]
    assert (row["outcome"], row["pairs"], row["embeddings"]["faces"]) == ("not judged", None, 60)
    assert "Embedding with tiny float32" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all", "--quantization", "float16"],
        ["--quantization", "float16", "--integer-io"],
        ["--pairs", "pairs.txt"],
        ["--into", "models"],
        ["--all", "--pairs", "p.csv", "--images", "i", "--into", "models"],
        ["--integer-io", "--pairs", "p.csv", "--images", "i", "--into", "models"],
        ["--dataset", "LFW"],
        ["--fmr", "1e-3"],
        ["--pairs", "p.csv", "--images", "i", "--fmr", "1e-4"],
        ["--protocol", "csv"],
        ["--max-tar-loss", "0.3"],
        ["--quantization", "float16", "--pairs", "p.csv", "--images", "i", "--representative", "chips"],
        ["--representative", "chips", "--models", "models"],
        ["--require", "abacus"],
    ],
)
def test_what_contradicts_itself_is_a_mistake(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["quantize", "tiny.keras", *arguments]) == 2
    assert told(capfd)[0] == ""


@pytest.fixture
def of_boxes(tiny: Path, tmp_path: Path) -> Path:
    """The network, as one that takes crops of boxes: without landmarks to align a face by."""
    path = Path(shutil.copyfile(tiny, tmp_path / "tiny.keras"))
    boxes = Alignment(size_px=SIZE, template=(), landmarks=())
    sidecar(path).write_bytes(encoded(msgspec.structs.replace(SPEC, alignment=boxes)))
    return path


@pytest.mark.parametrize("labelled_too", [False, True])
def test_without_landmarks_no_chips_can_be_cut(
    of_boxes: Path, labelled: list[str], labelled_too: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "chip.png"), np.zeros((SIZE, SIZE, 3), np.uint8))
    chips = ["--representative", tmp_path] if labelled_too else []
    more = [*chips, "--quantization", "full-int8", *labelled] if labelled_too else []
    assert run_command(cli, ["quantize", str(of_boxes), *map(str, more)]) == 4
    out, err = told(capfd)
    assert (out, "tiny is not aligned by landmarks" in err, "--representative" in err) == ("", True, True)


def test_without_landmarks_crops_of_one_s_own_are_taken(
    of_boxes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "crops").mkdir()
    for number in range(5):
        cv2.imwrite(str(tmp_path / "crops" / f"{number}.png"), np.full((SIZE, SIZE, 3), 50 * number, np.uint8))
    assert quantized(of_boxes, "--representative", tmp_path / "crops") == 0
    assert "not judged: without labelled pairs its cost in TAR is unknown" in told(capfd)[0]


@pytest.mark.parametrize("content", [None, b"", b"PK\x05\x06" + bytes(18), b"not a network" * 100])
def test_a_file_that_is_no_network_is_an_error(
    tiny: Path, content: bytes | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    network = tmp_path / "broken.keras"
    shutil.copyfile(sidecar(tiny), sidecar(network))
    if content is not None:
        network.write_bytes(content)
    assert quantized(network) == 15
    assert told(capfd)[1].startswith("Error: ")


def test_a_network_without_a_sidecar_is_an_error(tiny: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copyfile(tiny, tmp_path / "alone.keras")
    assert quantized(tmp_path / "alone.keras") == 15
    assert "has no sidecar alone.json" in told(capfd)[1]


def test_networks_of_one_name_are_an_error(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantized(tiny, str(tiny)) == 15
    assert "Several networks are called tiny" in told(capfd)[1]


def test_a_runtime_that_is_nowhere_cannot_be_required(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantized(tiny, "--require", "tflite-runtime") == 4
    assert "asks for tflite-runtime, which is not installed here" in told(capfd)[1]
