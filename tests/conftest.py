"""What every test shares: Hypothesis without chance or deadlines, a home that is nobody's, data that may be absent."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Whoever starts the tests in the background has the shell ignore Ctrl-C, also in the processes that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

ONCE = (
    "tests/device/access/test_look.py",
    "tests/device/access/test_two_readers.py",
    "tests/device/cameras/rtsp",
    "tests/device/cameras/test_camera_health.py",
    "tests/device/cameras/test_clips.py",
    "tests/device/cameras/test_csi.py",
    "tests/device/cameras/test_csi_program.py",
    "tests/device/cameras/test_health.py",
    "tests/device/cli/served/test_forwarding.py",
    "tests/device/cli/served/test_hostile_callers.py",
    "tests/device/cli/served/test_lifetimes.py",
    "tests/device/cli/served/test_roles.py",
    "tests/device/cli/test_camera_passwords.py",
    "tests/device/cli/test_odd_machines.py",
    "tests/device/cli/test_outputs.py",
    "tests/device/cli/test_simulate.py",
    "tests/device/control/test_attacks.py",
    "tests/device/control/test_bulk.py",
    "tests/device/control/test_lanes.py",
    "tests/device/control/test_subscription_laws.py",
    "tests/device/door/test_controller.py",
    "tests/device/door/test_controller_laws.py",
    "tests/device/door/test_controller_search.py",
    "tests/device/door/test_killed.py",
    "tests/device/door/wires/test_relay_guard.py",
    "tests/device/door/wires/test_timekeeper.py",
    "tests/device/policy",
    "tests/device/readers/osdp",
    "tests/device/readers/test_byte_order.py",
    "tests/device/readers/test_conformance.py",
    "tests/device/readers/test_formats.py",
    "tests/device/readers/test_group.py",
    "tests/device/readers/test_held_door.py",
    "tests/device/readers/typed",
    "tests/device/readers/wiegand",
    "tests/device/settings/test_old_layout.py",
    "tests/device/settings/test_writing.py",
    "tests/device/simulation/test_built_in.py",
    "tests/device/simulation/test_player.py",
    "tests/device/simulation/test_trials.py",
    "tests/device/store/test_damage.py",
    "tests/device/store/test_places.py",
    "tests/device/store/test_reading.py",
    "tests/device/store/test_threads.py",
    "tests/device/store/test_turnstile.py",
    "tests/device/store/vault/test_killed.py",
    "tests/device/store/vault/test_upgrade.py",
    "tests/device/test_administration_laws.py",
    "tests/device/test_guided_capture.py",
    "tests/device/test_photo_areas.py",
    "tests/device/test_picture_kinds.py",
    "tests/device/test_pictures.py",
    "tests/device/test_two_doors.py",
    "tests/device/virtual/test_turning.py",
    "tests/device/vision/attack/test_scene.py",
    "tests/device/vision/quality",
    "tests/device/vision/test_alignment.py",
    "tests/device/vision/test_photos.py",
    "tests/device/vision/test_pyramid.py",
)
"""What waits or computes for long and is the same under each Python: `make test` runs it under one of them."""

settings.register_profile("lintel", deadline=None, derandomize=True, database=None)
settings.load_profile("lintel")


def pytest_configure(config: pytest.Config) -> None:
    """The tiers: `make test` leaves `slow` out, and under other versions of Python `once`; `make test-all` neither."""
    config.addinivalue_line(
        "markers", "slow(small): takes long; `small` is the test beside it that tries the same on less"
    )
    config.addinivalue_line("markers", "once: runs under one version of Python only")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    once = {ROOT / path for path in ONCE}
    paths = {item.path for item in items}
    chosen = {path for path in paths if not once.isdisjoint((path, *path.parents))}
    for item in items:
        if item.path in chosen:
            item.add_marker(pytest.mark.once)


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
