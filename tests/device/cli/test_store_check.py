"""`lintel store check`: what it prints, and its exit code."""

from pathlib import Path

from tests.device.commands import Lintel


def test_empty_store_is_whole(lintel: Lintel, tmp_path: Path) -> None:
    ended = lintel("--state-dir", tmp_path / "state", "store", "check")
    assert ended.exit_code == 0
    assert [line.split(" (")[0] for line in ended.out.splitlines()] == [
        "database: whole",
        "chain: whole",
        "references: whole",
    ]


def test_machines_get_the_same(lintel: Lintel, tmp_path: Path) -> None:
    told = lintel("--state-dir", tmp_path / "state", "store", "check", "--json").json
    assert (told["whole"], [one["what"] for one in told["checked"]]) == (True, ["database", "chain", "references"])
