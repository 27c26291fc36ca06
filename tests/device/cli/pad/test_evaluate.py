"""`lintel pad evaluate`: figures with counts, the door's own threshold, and what is refused."""

import json
import shutil
from copy import copy
from pathlib import Path

import pytest

import device.cli.pad_evaluate
from device.own_threshold import own_threshold
from device.pad.manifest import PadFolder
from device.vision.faces import FaceAnalyzer
from tests.device.cli.pad.folders import Made, enough, write_folder
from tests.device.commands import Ended, Lintel

NETWORK = "a" * 64
LAMPS = """
[[doors]]
[[doors.outputs]]
signal = "turn-left"
pin = 5
[[doors.outputs]]
signal = "turn-right"
pin = 6
"""


class FakeNetwork:
    """A passive network whose answers are in the folder already."""

    model_sha256 = NETWORK
    threshold = 0.7


@pytest.fixture
def networks(analyzer: FaceAnalyzer, monkeypatch: pytest.MonkeyPatch) -> PadFolder:
    """Those in use, with a passive one of a made-up name; the models are loaded once for all tests.

    The command has its analyzer look for attacks: given that of the tests, each later door saw a made-up network fail.
    """
    monkeypatch.setattr(device.cli.pad_evaluate, "load_passive", lambda _name, _folder: FakeNetwork())
    monkeypatch.setattr(device.cli.pad_evaluate, "load_analyzer", lambda _settings: copy(analyzer))
    return PadFolder(network_sha256=NETWORK, embedding_sha256=analyzer.embedder.model_sha256)


class Evaluate:
    """Writes a folder and evaluates it: `evaluate([Made(...)], "--apply")`."""

    def __init__(self, lintel: Lintel, folder: Path, networks: PadFolder) -> None:
        self.lintel, self.folder, self.networks = lintel, folder, networks
        self.config = folder.with_name("lintel.toml")
        self.config.write_text(f'{LAMPS}[pad]\nnetwork = "mine"\n')

    def __call__(self, made: list[Made], *options: str, networks: PadFolder | None = None) -> Ended:
        write_folder(self.folder, networks or self.networks, made)
        return self.again(*options)

    def again(self, *options: str) -> Ended:
        return self.lintel("--config", self.config, "pad", "evaluate", self.folder, *options)


@pytest.fixture
def evaluate(lintel: Lintel, tmp_path: Path, networks: PadFolder, state: Path) -> Evaluate:  # noqa: ARG001 - its own
    return Evaluate(lintel, tmp_path / "pad", networks)


def test_figures_have_their_counts_and_bounds(evaluate: Evaluate) -> None:
    some = [Made("live", "p0", "p0", 0.9, turns=True), Made("print", "p0", "p1", 0.9), Made("phone", "p0", "p1", 0.1)]
    ended = evaluate(some)
    assert ended.exit_code == 0
    assert "Door main, pad turn\nNetwork mine, threshold 0.70 (the network's)" in ended.out
    policy, network, _ = ended.out.split("\n\n")[1:4]
    assert "print, 1 known hand\n    APCER  0 of 1 (0.0 to 97.5 %)" in policy
    assert "IAPAR  0 of 1 (0.0 to 97.5 %)" in policy
    assert "BPCER  0 of 1 (0.0 to 97.5 %); starts 0 of 1" in policy
    assert "print, 1 known hand\n    APCER  1 of 1 (2.5 to 100.0 %)" in network
    assert "not shown" in policy
    assert "shown: <=" not in policy


def test_threshold_is_applied_to_the_door(evaluate: Evaluate, state: Path) -> None:
    ended = evaluate(enough(live=0.72), "--apply", "--pad", "passive")
    assert ended.exit_code == 0
    assert "Threshold 0.62, from 20 live presentations of 3 people: it refuses 0" in ended.out
    assert "of them, and all 3 attacks." in ended.out
    assert "The door takes it at its next start: `sudo systemctl restart lintel`" in ended.out
    own = own_threshold(state, "main", NETWORK)
    assert own is not None
    assert own.threshold == pytest.approx(0.62, abs=1e-4)
    evaluate.folder = evaluate.folder.with_name("one")
    again = evaluate(enough()[-1:], "--json", "--pad", "turn-in-doubt").json
    assert again["threshold"] == pytest.approx(0.62, abs=1e-4)
    assert again["threshold_is_the_doors_own"] is True


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (enough()[1:9], "Live presentations: 8, people: 3; expected 20 or more"),
        (enough()[:-1], "No presentation of: print."),
        (enough(attack=0.75), "which is not below 0.70."),
    ],
    ids=["few", "no print", "attack above"],
)
def test_threshold_that_is_not_supported_is_refused(
    evaluate: Evaluate, state: Path, made: list[Made], said: str
) -> None:
    ended = evaluate(made, "--apply", "--pad", "passive")
    assert ended.exit_code == 1
    assert said in ended.out
    assert "Nothing was written." in ended.out
    assert not (state / "pad").exists()


def test_one_clip_copied_twenty_times_sets_no_threshold(evaluate: Evaluate, state: Path) -> None:
    evaluate(enough()[:1] + enough()[-3:])
    manifest = json.loads((evaluate.folder / "pad.json").read_text())
    live, *attacks = manifest["presentations"]
    names = [f"live-{number:04d}" for number in range(1, 21)]
    for name in names[1:]:
        shutil.copy(evaluate.folder / "live-0001.json", evaluate.folder / f"{name}.json")
    copies = [{**live, "name": name, "person": f"p{at % 3}"} for at, name in enumerate(names)]
    (evaluate.folder / "pad.json").write_text(json.dumps({**manifest, "presentations": [*copies, *attacks]}))
    ended = evaluate.again("--apply", "--pad", "passive")
    assert (ended.exit_code, "Live presentations: 1, people: 1" in ended.out) == (1, True)
    assert not (state / "pad").exists()


def test_folder_of_another_network_is_refused(evaluate: Evaluate) -> None:
    other = PadFolder(embedding_sha256=evaluate.networks.embedding_sha256)
    ended = evaluate(enough()[:1], networks=other)
    assert (ended.exit_code, "recorded with other networks" in ended.err) == (4, True)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--door", "cellar"], 7, "no door 'cellar'"),
        (["--pad", "turn-in-doubt"], 4, "calibrated at this door"),
        (["--pad", "off"], 2, "off"),
    ],
)
def test_what_cannot_be_evaluated_is_said(evaluate: Evaluate, options: list[str], code: int, said: str) -> None:
    ended = evaluate(enough()[:1], *options)
    assert (ended.exit_code, said in ended.err) == (code, True)


@pytest.mark.parametrize("content", ["{", "[]", '{"pad_version": 9}', "\x00"])
def test_hostile_folder_is_a_sentence(evaluate: Evaluate, content: str) -> None:
    evaluate.folder.mkdir()
    (evaluate.folder / "pad.json").write_text(content)
    ended = evaluate.again()
    assert (ended.exit_code, "does not keep its contract" in ended.err) == (5, True)


def test_relabelled_attack_does_not_become_a_live_person(evaluate: Evaluate) -> None:
    evaluate([Made("print", "p0", "p0", 0.9)])
    manifest = evaluate.folder / "pad.json"
    manifest.write_text(manifest.read_text().replace('"species": "print"', '"species": "live"'))
    ended = evaluate.again()
    assert (ended.exit_code, "is not of the species" in ended.err) == (5, True)
