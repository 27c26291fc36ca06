"""The file of a door's own threshold: for this door and network alone, and never half written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import StoreError
from device.own_threshold import OwnThreshold, own_threshold, path_of, write_own_threshold

NETWORK = "a" * 64
OWN = OwnThreshold(
    door="main",
    threshold=0.55,
    network_sha256=NETWORK,
    set_at="2026-11-30T12:00:00+00:00",
    live_presentations=24,
    live_people=3,
    live_refused=1,
    attacks=12,
)


def test_door_reads_what_was_written(tmp_path: Path) -> None:
    path = write_own_threshold(tmp_path, OWN)
    assert own_threshold(tmp_path, "main", NETWORK) == OWN
    assert path == tmp_path / "pad/main.json"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(("door", "network"), [("back", NETWORK), ("main", "b" * 64)])
def test_another_door_or_network_has_none(tmp_path: Path, door: str, network: str) -> None:
    write_own_threshold(tmp_path, OWN)
    assert own_threshold(tmp_path, door, network) is None


@pytest.mark.parametrize(
    "changed",
    [{"threshold": 0.1}, {"threshold": 0.9}, {"version": 2}, {"attacks": 0}, {"network_sha256": "x"}, {"x": 1}],
)
def test_file_that_breaks_its_contract_is_an_error(tmp_path: Path, changed: dict[str, object]) -> None:
    path = write_own_threshold(tmp_path, OWN)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(StoreError, match="damaged"):
        own_threshold(tmp_path, "main", NETWORK)


def test_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    path_of(tmp_path, "main").mkdir(parents=True)
    with pytest.raises(StoreError, match="Cannot read"):
        own_threshold(tmp_path, "main", NETWORK)
    with pytest.raises(StoreError, match="Cannot write"):
        write_own_threshold(tmp_path, OWN)


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_door_has_a_file_of_its_own_below_the_folder(one: str, other: str) -> None:
    path = path_of(Path("/state"), one)
    assert path.parent == Path("/state/pad")
    assert (path == path_of(Path("/state"), other)) is (one == other)
