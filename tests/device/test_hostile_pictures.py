"""Pictures that somebody has tampered with: each is read or refused, and none takes the process along."""

import random
from pathlib import Path

import pytest
from fuzz_pictures import mutated, outcome, pictures

WHOLE = pictures()


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_mutated_picture_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    chance, outcomes = random.Random(7), set()
    for _ in range(60):
        (tmp_path / "picture").write_bytes(mutated(WHOLE[kind], chance))
        outcomes.add(outcome(tmp_path / "picture"))
    assert outcomes <= {"read", "refused", "too large"}


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_picture_is_read_as_long_as_it_is_whole(tmp_path: Path, kind: str) -> None:
    (tmp_path / "picture").write_bytes(WHOLE[kind])
    assert outcome(tmp_path / "picture") == "read"
