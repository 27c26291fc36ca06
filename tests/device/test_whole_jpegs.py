"""A JPEG is whole if all its pixels are there, whatever its end looks like, and is refused otherwise."""

import random
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.device.pictures import END_MARKER, PORTRAIT, portrait, read, read_or_refused, saved

CHANCE = random.Random(1)
WHOLE: dict[str, bytes] = {
    "shipped portrait": PORTRAIT,
    "progressive": saved(portrait(), "JPEG", progressive=True),
    "gray": saved(portrait().convert("L"), "JPEG"),
    "progressive gray": saved(portrait().convert("L"), "JPEG", progressive=True),
    "CMYK": saved(portrait().convert("CMYK"), "JPEG"),
    "restarts": saved(portrait(), "JPEG", restart_marker_rows=1),
    "quality 20": saved(portrait(), "JPEG", quality=20),
}
TAILS: dict[str, bytes] = {
    "nothing": b"",
    "zeros": bytes(5000),
    "fill bytes": b"\xff" * 100,
    "a video": b"\0\0\0\x18ftypmp42" + CHANCE.randbytes(20_000),
    "a trailer with names": b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH" + bytes(40) + b"SEFT",
    "another picture": PORTRAIT[:5000],
    "a header of another size": b"\xff\xc0\x00\x11\x08\xff\x00\xff\x00\x03" + bytes(100),
    "a second end": END_MARKER,
}


def is_same(image: object, kind: str, folder: Path) -> bool:
    return isinstance(image, np.ndarray) and np.array_equal(image, read(folder, WHOLE[kind]))


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("tail", TAILS)
def test_what_follows_the_end_does_not_matter(tmp_path: Path, kind: str, tail: str) -> None:
    assert is_same(read_or_refused(tmp_path, WHOLE[kind] + TAILS[tail]), kind, tmp_path)


@pytest.mark.parametrize("kind", WHOLE)
def test_missing_end_marker_is_no_fault(tmp_path: Path, kind: str) -> None:
    assert is_same(read_or_refused(tmp_path, WHOLE[kind].removesuffix(END_MARKER)), kind, tmp_path)


@pytest.mark.parametrize("kind", ["shipped portrait", "gray", "restarts"])
@pytest.mark.parametrize("tail", ["zeros", "a video", "a trailer with names", "another picture"])
def test_tail_without_an_end_marker_before_it_is_left_out(tmp_path: Path, kind: str, tail: str) -> None:
    content = WHOLE[kind].removesuffix(END_MARKER) + TAILS[tail]
    assert is_same(read_or_refused(tmp_path, content), kind, tmp_path)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("tail", [b"", END_MARKER, END_MARKER + bytes(5000), END_MARKER + PORTRAIT])
def test_cut_off_picture_is_truncated_whatever_follows(tmp_path: Path, kind: str, share: float, tail: bytes) -> None:
    refused = read_or_refused(tmp_path, WHOLE[kind][: int(share * len(WHOLE[kind]))] + tail)
    assert isinstance(refused, str)
    assert "truncated" in refused


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(WHOLE)), missing=st.integers(1, 4000), ends=st.booleans())
def test_picture_cut_anywhere_is_refused_or_the_same(
    tmp_path_factory: pytest.TempPathFactory, kind: str, missing: int, ends: bool
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    image = read_or_refused(folder, WHOLE[kind][:-missing] + (END_MARKER if ends else b""))
    assert isinstance(image, str) or is_same(image, kind, folder)


def test_plain_picture_without_details_is_whole(tmp_path: Path) -> None:
    plain = saved(PIL.Image.new("RGB", (640, 480), (200, 200, 200)), "JPEG")
    assert np.unique(read(tmp_path, plain.removesuffix(END_MARKER))).tolist() == [200]
