"""What every test shares: Hypothesis without chance or deadlines, a home that is nobody's, data that may be absent."""

import gc
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Whoever starts the tests in the background has the shell ignore Ctrl-C, also in the processes that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

MEMORY = Path("/dev/shm")
ENOUGH = 4_000_000_000
"""Bytes; the tests keep the folders of those that failed only."""


def _memory_serves() -> bool:
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)):
        return False
    found = os.statvfs(MEMORY)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > ENOUGH


if "TMPDIR" not in os.environ and _memory_serves():  # a store waits for the disk three times with each commit
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

settings.register_profile("lintel", deadline=None, derandomize=True, database=None)
settings.load_profile("lintel")


def pytest_configure(config: pytest.Config) -> None:
    """The tiers: `make test` leaves `slow` out, `make test-all` doesn't."""
    config.addinivalue_line(
        "markers", "slow(small): takes long; `small` is the test beside it that tries the same on less"
    )


def pytest_collection_finish() -> None:
    """What all tests share is never garbage: no collection within a test looks through it."""
    gc.collect()
    gc.freeze()


UNIT = ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET")
"""What systemd tells a service."""


@pytest.fixture(autouse=True)
def _home_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or changes the settings and the state of whoever runs it."""
    for name in ("LINTEL_CONFIG", "LINTEL_STATE_DIR", *UNIT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


@pytest.fixture
def full_disk() -> AbstractContextManager[None]:
    """Within, no file grows beyond 1,000 bytes."""

    @contextmanager
    def full() -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return full()


@pytest.fixture(scope="session")
def lintel_data() -> Path:
    """The folder of the data for measuring, which no clone has by itself."""
    named = os.environ.get("LINTEL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data for measuring at {folder}; LINTEL_DATA names another folder")
    return folder
