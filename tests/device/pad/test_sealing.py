"""Encrypted clips: only with the passphrase, only whole, only under their own name."""

import numpy as np
import pytest

from device.errors import CredentialError, ImageError
from device.pad.sealing import Sealer, still
from device.records import Frame

PASSPHRASE = "twelve letters"
RAMP = np.tile(np.arange(0, 240, 5, dtype=np.uint8)[None, :, None], (32, 1, 3))
CLIP = (still(Frame(RAMP, 100.0), 100.0), still(Frame(RAMP[:, ::-1].copy(), 100.07), 100.0))


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return Sealer(PASSPHRASE).sealed("print-0001", CLIP)


def test_clip_comes_back_with_its_times(sealed: bytes) -> None:
    frames = Sealer(PASSPHRASE).opened("print-0001", sealed)
    assert [frame.captured_at for frame in frames] == pytest.approx([0.0, 0.07])
    assert np.abs(frames[1].image.astype(int) - RAMP[:, ::-1]).max() <= 3


def test_another_passphrase_opens_nothing(sealed: bytes) -> None:
    with pytest.raises(CredentialError, match="another passphrase"):
        Sealer("twelve lettres").opened("print-0001", sealed)


def test_clip_does_not_stand_in_for_another(sealed: bytes) -> None:
    with pytest.raises(CredentialError, match="live-0001"):
        Sealer(PASSPHRASE).opened("live-0001", sealed)


@pytest.mark.parametrize("at", [14, 40, 200, -1])
def test_flipped_bit_is_found(sealed: bytes, at: int) -> None:
    changed = bytearray(sealed)
    changed[at] ^= 1
    with pytest.raises(CredentialError):
        Sealer(PASSPHRASE).opened("print-0001", bytes(changed))


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"lintel-clip-1\nshort"])
def test_what_is_no_clip_is_refused(content: bytes) -> None:
    with pytest.raises(ImageError, match="not an encrypted clip"):
        Sealer(PASSPHRASE).opened("print-0001", content)


def test_same_clip_is_never_sealed_alike() -> None:
    sealer = Sealer(PASSPHRASE)
    assert sealer.sealed("a", CLIP) != sealer.sealed("a", CLIP)


def test_clip_holds_no_jpeg_in_the_clear(sealed: bytes) -> None:
    assert b"JFIF" not in sealed


def test_short_passphrase_is_refused() -> None:
    with pytest.raises(CredentialError, match="12 or more"):
        Sealer("short")
