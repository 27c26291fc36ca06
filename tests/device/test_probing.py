"""Which parts are there: found without a trace, and told in the running service's own sentences."""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from device import probing
from device.assembly import assembled
from device.clock import SystemClock
from device.errors import DoorError
from device.open_doors import open_doors
from device.own_store import late_store
from device.probing import Found
from device.settings.lock import GpioSettings
from device.settings.tables import CameraSettings, DoorSettings, ReaderSettings, Settings, VisionSettings
from device.store.store import Store
from device.vision.models import shipped_models_dir
from tests.device.commands import Lintel
from tests.device.lgpio import Lgpio
from tests.waiting import PATIENCE_S


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A door whose parts are all there, but for a camera that nobody can plug into a test."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    os.mkfifo(tmp_path / "badges")
    return of(ReaderSettings(source=str(tmp_path / "badges")), CameraSettings(source="/dev/null"))


def of(reader: ReaderSettings, camera: CameraSettings, models: str = "") -> Settings:
    doors = (DoorSettings(pin=17, readers=(reader,)),)
    return Settings(doors=doors, cameras=(camera,), vision=VisionSettings(threads=1, models_dir=models))


@contextmanager
def troubles(settings: Settings) -> Iterator[Callable[[], tuple[str, ...]]]:
    """What the service says in `lintel door status`, once each part was tried."""
    clock = SystemClock()
    with (
        open_doors(settings, clock) as board,
        closing(late_store(settings)) as store,
        assembled(settings, board, store, clock, lambda _line: None) as parts,
    ):

        def said() -> tuple[str, ...]:
            deadline = time.monotonic() + PATIENCE_S
            while not parts.tried() and time.monotonic() < deadline:
                time.sleep(0.02)
            parts.health.poll()
            return parts.health.troubles("main")

        yield said


def wrong(settings: Settings) -> list[Found]:
    return [found for found in probing.parts(settings) if found.trouble]


def test_parts_that_are_there_are_named(settings: Settings, tmp_path: Path) -> None:
    assert list(probing.parts(settings)) == [
        Found("store", f"{tmp_path / 'state' / 'lintel.db'}, which the service will make"),
        Found("device key", f"{tmp_path / 'state-keys'}, where the first enrollment makes one"),
        Found("models", str(shipped_models_dir())),
        Found("camera main", "/dev/null"),
        Found("reader", f"reader at {tmp_path / 'badges'}"),
    ]


def newer(folder: Path) -> None:
    with Store(folder):
        pass
    with closing(sqlite3.connect(folder / "lintel.db")) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('lintel', 'x', '')"
        )
        connection.commit()


def file_instead(folder: Path) -> None:
    folder.touch()


def noise(folder: Path) -> None:
    folder.mkdir()
    (folder / "lintel.db").write_bytes(bytes(range(256)) * 32)


def link(folder: Path) -> None:
    folder.mkdir()
    (folder / "lintel.db").symlink_to("/dev/null")


def directory(folder: Path) -> None:
    (folder / "lintel.db").mkdir(parents=True)


def lost(folder: Path) -> None:
    folder.mkdir()
    (folder / "lintel.db-journal").write_bytes(bytes(512))


@pytest.mark.parametrize("make", [newer, file_instead, noise, link, directory, lost])
@pytest.mark.usefixtures("lgpio")
def test_store_in_trouble_has_the_service_s_sentence(
    settings: Settings, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "state")
    (found,) = wrong(settings)
    with troubles(settings) as said:
        deadline = time.monotonic() + PATIENCE_S
        while f"{found.part}: {found.trouble}" not in said():
            assert time.monotonic() < deadline, (found, said())
            time.sleep(0.02)


MISSING = {
    "camera": of(ReaderSettings(), CameraSettings(source="63")),
    "camera by path": of(ReaderSettings(), CameraSettings(source="/dev/v4l/by-id/none")),
    "file as a camera": of(ReaderSettings(), CameraSettings(source="face.jpg")),
    "models": of(ReaderSettings(), CameraSettings(source="/dev/null"), "/nowhere"),
    "line reader": of(ReaderSettings(source="/dev/none"), CameraSettings(source="/dev/null")),
    "file as a reader": of(ReaderSettings(source=__file__), CameraSettings(source="/dev/null")),
    "wedge": of(ReaderSettings(kind="wedge", source="/dev/input/none"), CameraSettings(source="/dev/null")),
    "RDM6300": of(ReaderSettings(kind="rdm6300", source="/dev/ttyNONE"), CameraSettings(source="/dev/null")),
    "PN532": of(ReaderSettings(kind="pn532", source="/dev/ttyNONE"), CameraSettings(source="/dev/null")),
}


@pytest.mark.parametrize("part", MISSING)
@pytest.mark.usefixtures("lgpio")
def test_missing_part_has_the_service_s_sentence(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    (found,) = wrong(MISSING[part])
    assert found.hint
    with troubles(MISSING[part]) as said:
        deadline = time.monotonic() + PATIENCE_S
        while f"{found.part}: {found.trouble}" not in said():
            assert time.monotonic() < deadline, (found, said())
            time.sleep(0.02)


@pytest.mark.usefixtures("lgpio")
def test_rate_that_no_model_was_calibrated_for_is_found(settings: Settings) -> None:
    doors = (msgspec.structs.replace(settings.doors[0], target_fmr=1e-8),)
    (found,) = wrong(msgspec.structs.replace(settings, doors=doors))
    assert (found.part, "comparisons of different people are missing" in found.trouble, "calibrate" in found.hint) == (
        "models",
        True,
        True,
    )


def test_chip_is_named_and_let_go(lgpio: Lgpio) -> None:
    found = probing.chip(Settings())
    assert found == Found("chip", "pinctrl-bcm2711, /dev/gpiochip0, 58 lines")
    assert [call[0] for call in lgpio.asked if call[0] not in ("open", "info", "close")] == []


@pytest.mark.parametrize("named", ["", "pcf8574"])
def test_chip_in_trouble_has_the_sentence_that_ends_a_start(lgpio: Lgpio, settings: Settings, named: str) -> None:
    lgpio.chips = {0: ("gpio-mockup", 32)}
    changed = msgspec.structs.replace(settings, gpio=GpioSettings(chip=named))
    with pytest.raises(DoorError) as raised, open_doors(changed, SystemClock()):
        pass
    found = probing.chip(changed)
    assert (found.trouble, found.hint) == (raised.value.message, raised.value.hint)


def test_looking_makes_no_file(settings: Settings, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    list(probing.parts(settings))
    assert sorted(tmp_path.rglob("*")) == before


def test_looking_changes_no_byte_of_a_database(settings: Settings, tmp_path: Path) -> None:
    with Store(tmp_path / "state"):
        pass
    before = {path: path.read_bytes() for path in (tmp_path / "state").iterdir()}
    assert wrong(settings) == []
    assert {path: path.read_bytes() for path in (tmp_path / "state").iterdir()} == before


def test_nothing_stays_open(settings: Settings) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    list(probing.parts(settings))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_database_that_another_program_keeps_is_not_waited_for(settings: Settings, tmp_path: Path) -> None:
    with Store(tmp_path / "state"):
        pass
    with closing(sqlite3.connect(tmp_path / "state" / "lintel.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        found = probing.store(settings)
        took_s = time.monotonic() - began
    assert "Cannot use the database" in found.trouble
    assert took_s < 4.0


def test_writers_wait_less_than_a_blink_for_those_who_look(settings: Settings, tmp_path: Path) -> None:
    """No lock of the database is kept: 30 writes while another thread looks all the time."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            probing.store(settings)

    with Store(tmp_path / "state"), closing(sqlite3.connect(tmp_path / "state" / "lintel.db", timeout=0.05)) as writer:
        thread = threading.Thread(target=look)
        thread.start()
        refused = 0
        for _ in range(30):
            try:
                writer.execute("BEGIN IMMEDIATE")
                writer.commit()
            except sqlite3.OperationalError:
                refused += 1
        over.set()
        thread.join()
    assert refused == 0


def test_hardware_test_begins_with_what_is_missing(
    lintel: Lintel, lgpio: Lgpio, settings: Settings, tmp_path: Path
) -> None:
    lgpio.chips = {}
    (tmp_path / "lintel.toml").write_text('[[cameras]]\nsource = "63"\n')
    ended = lintel("--config", tmp_path / "lintel.toml", "hardware", "test")
    assert ended.exit_code == 7
    assert "camera main: No camera at /dev/video63.\n  What to do: Check the cable" in ended.out
    assert f"store: {probing.store(settings).name}\n" in ended.out


def test_part_that_cannot_be_asked_is_a_trouble(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: CameraSettings) -> Path:
        raise RuntimeError("a driver's own way")

    monkeypatch.setattr("device.probing.look_for_camera", broken)
    (found,) = wrong(settings)
    assert found.trouble.startswith("It can't be checked: the program failed with RuntimeError at test_probing.py:")


def test_lock_of_the_queue_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    """The turnstile's lock is on the folder; whoever looks passes beside it."""
    with Store(tmp_path / "state"):
        pass
    folder = os.open(tmp_path / "state", os.O_RDONLY)
    with suppress(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    began = time.monotonic()
    assert probing.store(settings).trouble == ""
    os.close(folder)
    assert time.monotonic() - began < 1.9
