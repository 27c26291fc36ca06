"""`lintel readers keyset` gives an OSDP reader its key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ReaderError
from device.readers.context import ReaderContext
from device.settings.tables import ReaderSettings
from tests.device.commands import Lintel


class Keyset:
    """Stands in for OSDP's key exchange: writes down what is asked of it, and can refuse."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Path, float]] = []
        self.refused = False

    def __call__(self, settings: ReaderSettings, around: ReaderContext, window_s: float, *, install: bool) -> None:
        self.asked.append((settings.name, around.state_dir, window_s))
        self.install = install
        if self.refused:
            raise ReaderError("The reader did not answer.", hint="Look at its wires.")


@pytest.fixture
def keyset(monkeypatch: pytest.MonkeyPatch) -> Keyset:
    stand_in = Keyset()
    monkeypatch.setattr("device.readers.osdp.keyset.keyset", stand_in)
    return stand_in


@pytest.fixture
def osdp(configured: Callable[[str], Path]) -> Path:
    return configured('[[doors]]\n[[doors.readers]]\nname = "front"\nkind = "osdp"\nsource = "/dev/ttyUSB0"\n')


def test_key_is_given_after_a_question(lintel: Lintel, osdp: Path, keyset: Keyset, state: Path) -> None:
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", typed="y\n")
    assert (ended.exit_code, keyset.asked) == (0, [("front", state, 60.0)])


def test_key_is_given_without_a_question_if_so_said(lintel: Lintel, osdp: Path, keyset: Keyset) -> None:
    lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes", "--seconds", "5")
    assert [window_s for _, _, window_s in keyset.asked] == [5.0]


@pytest.mark.parametrize("install", [True, False])
def test_default_key_is_taken_again_only_if_so_said(lintel: Lintel, osdp: Path, keyset: Keyset, install: bool) -> None:
    lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes", *["--install"] * install)
    assert keyset.install is install


def test_no_key_is_given_against_the_operator(lintel: Lintel, osdp: Path, keyset: Keyset) -> None:
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", typed="n\n")
    assert (ended.exit_code, keyset.asked) == (130, [])


def test_no_key_is_given_beside_the_service(
    lintel: Lintel, osdp: Path, keyset: Keyset, service: Callable[..., None]
) -> None:
    service(runs=True)
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes")
    assert (ended.exit_code, keyset.asked) == (13, [])


def test_key_that_was_not_taken_is_told(lintel: Lintel, osdp: Path, keyset: Keyset) -> None:
    keyset.refused = True
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes")
    assert (ended.exit_code, "did not answer" in ended.err, ended.out) == (13, True, "")


def test_reader_without_keys_is_told(lintel: Lintel, desk: Path, keyset: Keyset) -> None:
    ended = lintel("--config", desk, "readers", "osdp-keyset", "desk", "--yes")
    assert (ended.exit_code, "speaks lines, which has no keys" in ended.err, keyset.asked) == (3, True, [])
