"""Clips as phones, cameras and editors leave them: what is cut off is said, what was trimmed or varies is played."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.cameras.containers import extent
from device.cameras.files import video_frames
from device.errors import CameraError

FRAMES = 24


def written(folder: Path, suffix: str, fourcc: str) -> bytes:
    """24 frames at 12 a second, each with its own detail."""
    path = folder / f"written{suffix}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 12.0, (96, 64))
    for number in range(FRAMES):
        frame = np.random.default_rng(number).integers(0, 256, (8, 12, 3)).astype(np.uint8)
        writer.write(np.kron(frame, np.ones((8, 8, 1), np.uint8)))
    writer.release()
    return path.read_bytes()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("written")
    mp4 = written(folder, ".mp4", "mp4v")
    return {
        "AVI": written(folder, ".avi", "MJPG"),
        "MP4": mp4,
        "MP4 for streaming": index_first(mp4),
        "QuickTime": written(folder, ".mov", "mp4v"),
        "Matroska": written(folder, ".mkv", "MJPG"),
        "WebM": written(folder, ".webm", "VP80"),
    }


KINDS = ("AVI", "MP4", "MP4 for streaming", "QuickTime", "Matroska", "WebM")


def index_first(mp4: bytes) -> bytes:
    """The same with its index before the frames, as for streaming."""
    at = mp4.index(b"moov") - 4
    size = int.from_bytes(mp4[at : at + 4], "big")
    index, frames_at = bytearray(mp4[at : at + size]), mp4.index(b"mdat") - 4
    offsets = index.index(b"stco") + 8
    for number in range(int.from_bytes(index[offsets : offsets + 4], "big")):
        (offset,) = struct.unpack_from(">I", index, offsets + 4 + 4 * number)
        struct.pack_into(">I", index, offsets + 4 + 4 * number, offset + size)
    return mp4[:frames_at] + bytes(index) + mp4[frames_at:at] + mp4[at + size :]


def trimmed(mp4: bytes) -> bytes:
    """All but the last half second hidden by an edit list, as a phone trims."""
    changed = bytearray(mp4)
    entry = changed.index(b"elst") + 12
    (scale,) = struct.unpack_from(">I", changed, changed.index(b"mvhd") + 16)
    (media_scale,) = struct.unpack_from(">I", changed, changed.index(b"mdhd") + 16)
    struct.pack_into(">Ii", changed, entry, scale // 2, 3 * media_scale // 2)
    return bytes(changed)


def with_pauses(matroska: bytes) -> bytes:
    """Frames 6 to 17 left out, while nothing moved: 12 frames where a steady rate has 24."""
    blocks = [found.start() for found in re.finditer(rb"\xa3[^\xff]{1,4}\x81..\x80\xff\xd8", matroska, re.DOTALL)]
    assert len(blocks) == FRAMES
    changed = bytearray(matroska)
    for at in blocks[6:18]:
        changed[at] = 0xEC
    return bytes(changed)


def with_count(avi: bytes, count: int) -> bytes:
    """Another count of frames in both headers."""
    changed = bytearray(avi)
    struct.pack_into("<I", changed, avi.index(b"avih") + 8 + 16, count)
    struct.pack_into("<I", changed, avi.index(b"strh") + 8 + 32, count)
    return bytes(changed)


def with_unknown_size(matroska: bytes) -> bytes:
    """As written by a recorder that was switched off: the segment has no size."""
    at = matroska.index(b"\x18S\x80g") + 4
    return matroska[:at] + b"\x01" + b"\xff" * 7 + matroska[at + 8 :]


def without_last_frame(matroska: bytes) -> bytes:
    """Cut where the last frame begins."""
    return matroska[: matroska.rindex(b"\xff\xd8\xff") - 7]


def play(folder: Path, content: bytes) -> int | str:
    """How many frames are shown, or why the clip is refused."""
    path = folder / "clip"
    path.write_bytes(content)
    try:
        return len(list(video_frames(path)))
    except CameraError as error:
        return error.message


@pytest.mark.parametrize("kind", KINDS)
def test_whole_clip_is_played(tmp_path: Path, clips: dict[str, bytes], kind: str) -> None:
    assert play(tmp_path, clips[kind]) == FRAMES


WHOLE: dict[str, tuple[str, Callable[[bytes], bytes], range]] = {
    "trimmed": ("MP4", trimmed, range(5, 8)),
    "trimmed QuickTime": ("QuickTime", trimmed, range(5, 8)),
    "trimmed, for streaming": ("MP4 for streaming", trimmed, range(5, 8)),
    "pauses": ("Matroska", with_pauses, range(12, 13)),
    "pauses, without a size": ("Matroska", lambda clip: with_unknown_size(with_pauses(clip)), range(12, 13)),
    "too large a count": ("AVI", lambda clip: with_count(clip, 900), range(24, 25)),
    "no count": ("AVI", lambda clip: with_count(clip, 0), range(24, 25)),
    "too small a count": ("AVI", lambda clip: with_count(clip, 3), range(3, 25)),
    "no size": ("Matroska", with_unknown_size, range(24, 25)),
    "last frame missing": ("Matroska", without_last_frame, range(23, 24)),
    "something behind it": ("MP4", lambda clip: clip + b"\0\0\0\x10free" + bytes(8), range(24, 25)),
    "rubbish behind it": ("AVI", lambda clip: clip + bytes(5000), range(24, 25)),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_clip_that_is_odd_is_not_truncated(tmp_path: Path, clips: dict[str, bytes], kind: str) -> None:
    source, change, expected = WHOLE[kind]
    assert play(tmp_path, change(clips[source])) in expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_clip_that_is_cut_off_is_said(tmp_path: Path, clips: dict[str, bytes], kind: str, share: float) -> None:
    said = play(tmp_path, clips[kind][: int(share * len(clips[kind]))])
    assert isinstance(said, str)
    assert "truncated" in said or "it shows no frame" in said


ODD: dict[str, Callable[[bytes], bytes]] = {
    "MP4 for streaming": trimmed,
    "Matroska": with_pauses,
    "AVI": lambda clip: with_count(clip, 5),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_clip_that_is_cut_off_as_well_is_said(tmp_path: Path, clips: dict[str, bytes], kind: str) -> None:
    content = ODD[kind](clips[kind])
    assert "truncated" in str(play(tmp_path, content[: int(0.7 * len(content))]))


def test_download_that_was_not_finished_is_said(tmp_path: Path, clips: dict[str, bytes]) -> None:
    content = clips["MP4 for streaming"]
    there = int(0.6 * len(content))
    assert "truncated" in str(play(tmp_path, content[:there] + bytes(len(content) - there)))


def test_clip_that_is_gone_when_it_ends_is_a_fault(tmp_path: Path, clips: dict[str, bytes]) -> None:
    path = tmp_path / "clip"
    path.write_bytes(clips["MP4"])
    frames = video_frames(path)
    next(frames)
    path.unlink()
    with pytest.raises(CameraError, match="No such file"):
        list(frames)


@pytest.mark.parametrize("kind", KINDS)
def test_size_of_a_clip_is_that_of_its_structure(tmp_path: Path, clips: dict[str, bytes], kind: str) -> None:
    path = tmp_path / "clip"
    path.write_bytes(clips[kind])
    found = extent(path)
    assert found is not None
    assert found.whole == len(clips[kind])


@settings(max_examples=150)
@given(
    beginning=st.sampled_from(
        [b"", b"\0\0\0\x10ftypisom", b"RIFF", b"\x1aE\xdf\xa3", b"\0\0\0\x01mdat", b"\0\0\0\0moov"]
    ),
    rest=st.binary(max_size=60),
)
def test_size_of_garbage_is_a_number_or_unknown(
    tmp_path_factory: pytest.TempPathFactory, beginning: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.mktemp("garbage") / "clip"
    path.write_bytes(beginning + rest)
    found = extent(path)
    assert found is None or 0 <= found.there <= found.whole
