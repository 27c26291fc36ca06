"""Whatever files of pairs and groups hold, they are read or refused with a `LintelError`, and memory stays bounded."""

import contextlib
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from convert.measuring import tables
from convert.measuring.groups import read_groups
from convert.measuring.protocols import Protocol, read_pairs
from device.errors import ImageError, LintelError

MAX_MIB = 96
"""What refusing a small file may take at its peak; there is room for the largest that would be read."""
FEW = settings(max_examples=60, suppress_health_check=list(HealthCheck))
PEOPLE = ("Ada", "Bob", "Cleo")
PAIRS_CSV = b'image_a,image_b,same\nAda/1.jpg,Ada/2.jpg,1\nAda/1.jpg,Bob/1.jpg,0\n"Bob/1.jpg",Cleo/1.jpg,false\n'
PAIRS_LFW = b"2 1\nAda 1 2\nAda 1 Bob 3\nCleo 4 5\nCleo 4 Ada 1\n"
GROUPS = b"person,group\nAda,a\nBob,b\nCleo,a\n"
ENDLESS = Path("/dev/zero")
READERS: dict[str, tuple[bytes, Callable[[Path], object]]] = {
    "pairs.csv": (PAIRS_CSV, lambda path: read_pairs(path, path.parent, Protocol.CSV)),
    "pairs.txt": (PAIRS_LFW, lambda path: read_pairs(path, path.parent, Protocol.LFW)),
    "groups.csv": (GROUPS, lambda path: read_groups(path, PEOPLE)),
}


def damaged(content: bytes, seed: int) -> bytes:
    """Bits turned over, lines lost or doubled, a number grown, a field of megabytes, or the end lost."""
    dice = random.Random(seed)
    changed = bytearray(content)
    lines = content.splitlines(keepends=True)
    at = dice.randrange(len(changed))
    match dice.randrange(6):
        case 0:
            changed[at] ^= 1 << dice.randrange(8)
        case 1:
            del changed[at:]
        case 2:
            changed[at:at] = dice.choice((b'"', b"\0", b"\xff\xfe", b"-", b",,", b"9" * 5000, b"\r"))
        case 3:
            changed[at:at] = b"x" * (1 << 20)
        case 4:
            dice.shuffle(lines)
            return b"".join(lines)
        case _:
            return b"".join(lines[: dice.randrange(len(lines))]) + dice.randbytes(dice.randrange(64))
    return bytes(changed)


@FEW
@given(st.integers(0, 1 << 30), st.sampled_from(sorted(READERS)))
@example(3, "pairs.csv")
def test_a_damaged_file(tmp_path_factory: pytest.TempPathFactory, seed: int, name: str) -> None:
    content, read = READERS[name]
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(damaged(content, seed))
    tracemalloc.start()
    try:
        with contextlib.suppress(LintelError):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < MAX_MIB << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_sound_file_is_read(tmp_path: Path, name: str) -> None:
    content, read = READERS[name]
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + content if name.endswith(".csv") else content)
    assert read(tmp_path / name)


@pytest.mark.parametrize("name", ["pairs.csv", "groups.csv"])
def test_a_field_without_end_is_told(tmp_path: Path, name: str) -> None:
    content, read = READERS[name]
    (tmp_path / name).write_bytes(content + b"x" * 200_000 + b",y,1\n")
    with pytest.raises(ImageError, match="field larger than field limit"):
        read(tmp_path / name)


@pytest.mark.skipif(not ENDLESS.exists(), reason="no endless file here")
@pytest.mark.parametrize("name", sorted(READERS))
def test_a_file_without_end_is_not_read_to_its_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 1000)
    with pytest.raises(ImageError, match="more than 1000 bytes"):
        READERS[name][1](ENDLESS)


@pytest.mark.parametrize("first", ["-1 -2", "0 0", "1 -2", "-1 2"])
def test_folds_are_counted_from_one(tmp_path: Path, first: str) -> None:
    (tmp_path / "pairs.txt").write_text(f"{first}\nAda 1 2\nAda 1 3\nAda 1 Bob 3\nAda 2 Bob 3\n")
    with pytest.raises(ImageError, match="Not an LFW pairs file"):
        read_pairs(tmp_path / "pairs.txt", tmp_path, Protocol.LFW)
