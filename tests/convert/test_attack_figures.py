"""Presentation attacks on the card: counts with exact bounds, and no claim that the counts don't carry."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from convert.attack_figures import attack_lines, read_attacks
from convert.card import CARD, disagreements
from convert.cli.main import cli
from device.commandline import run_command
from device.errors import ImageError
from device.vision.models import shipped_models_dir


def rate(errors: int, trials: int) -> dict[str, Any]:
    counts = {"errors": errors, "trials": trials, "rate": None, "bounds_95": [0, 1]}
    return {"presentations": counts, "starts": {"errors": 0, "trials": 400, "rate": 0.0}}


def evaluation(*, errors: int = 0, trials: int = 10, hands: int = 3, shown: float | None = None) -> dict[str, Any]:
    """As `lintel pad evaluate --json` prints it."""
    attack = {"species": "print", "apcer": rate(errors, trials), "apcer_shown_at_most": shown, "hands": hands}
    attack |= {"iapar": rate(0, 0), "iapar_shown_at_most": None, "unanswered": 0}
    live = {"people": 4, "bpcer": rate(1, 20), "refused": rate(2, 20), "unanswered": 0}
    return {
        "pad_evaluation_version": 1,
        "folder": "/home/anna/pad",
        "pad": "turn",
        "network": "mine",
        "threshold": 0.55,
        "policy": {"attacks": [attack], "live": live},
        "cues": {},
    }


def written(folder: Path, value: object) -> Path:
    (folder / "pad.json").write_bytes(msgspec.json.encode(value))
    return folder / "pad.json"


def test_rates_have_their_counts_and_exact_bounds(tmp_path: Path) -> None:
    lines = "\n".join(attack_lines(read_attacks(written(tmp_path, evaluation()))))
    assert '`pad = "turn"`, the passive network mine at 0.55' in lines
    assert "| print | 0 of 10 (0.0% to 30.8%) | not tried | 3 | not shown |" in lines
    assert "Live people (4): BPCER 1 of 20 (0.1% to 24.9%); refused by the whole transaction 2 of 20" in lines


def test_what_42_hands_show_is_said(tmp_path: Path) -> None:
    found = read_attacks(written(tmp_path, evaluation(trials=50, hands=42, shown=0.07)))
    assert "| 42 | APCER |" in "\n".join(attack_lines(found))


@pytest.mark.parametrize(
    "changed",
    [
        {"trials": 50, "hands": 41, "shown": 0.07},
        {"trials": 41, "hands": 42, "shown": 0.07},
        {"errors": 1, "trials": 50, "hands": 50, "shown": 0.07},
        {"trials": 50, "hands": 50, "shown": 0.01},
        {"errors": 11, "trials": 10},
        {"errors": -1},
    ],
)
def test_claim_that_its_counts_do_not_carry_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(ImageError, match="not an evaluation"):
        read_attacks(written(tmp_path, evaluation(**changed)))


@pytest.mark.parametrize(
    "value", [[], {}, {**evaluation(), "pad_evaluation_version": 2}, {**evaluation(), "pad": "off"}]
)
def test_other_files_are_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(ImageError, match="not an evaluation"):
        read_attacks(written(tmp_path, value))


def test_card_takes_them_without_measuring_again(tmp_path: Path) -> None:
    shutil.copytree(shipped_models_dir(), tmp_path / "models")
    arguments = ("card", "--models", str(tmp_path / "models"))
    assert run_command(cli, [*arguments, "--attacks", str(written(tmp_path, evaluation()))]) == 0
    card = (tmp_path / "models" / CARD).read_text()
    assert "## Presentation attacks" in card
    assert "/home/anna" not in card
    assert disagreements(tmp_path / "models") == ()
    assert run_command(cli, [*arguments, "--check", "--attacks", str(tmp_path / "pad.json")]) == 2
