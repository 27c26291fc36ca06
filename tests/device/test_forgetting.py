"""An opened housing destroys the device key where the owner chose so: in memory, on the disk, until it is restored."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from device.door.operation import Door
from device.door_log import DoorLog
from device.errors import KeyMissing
from device.files import keys_folder
from device.forgetting import KeyForgetting
from device.records import AlarmKind, Event, Line
from device.settings.loading import settings_in
from device.store.store import Store
from device.store.vault.key_files import KeyFiles
from device.store.vault.key_text import written
from device.store.vault.locked_key import PassphraseLock
from device.store.vault.sealing import Secret
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.doors import open_door
from tests.device.forgetting_child import HOUSING, SETTINGS
from tests.device.memory import copies
from tests.processes import input_of, output_of, started
from tests.rig.camera import EILEEN
from tests.rig.rig import BADGES, new_rig
from tests.waiting import until

ROOT = Path(__file__).parents[2]
CLOCK = SimulatedClock()
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        opened.vault.begin()
        yield opened


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "state-keys" / "device.key"


@pytest.fixture
def pins() -> SimulatedPins:
    return SimulatedPins(CLOCK)


@pytest.fixture
def door(pins: SimulatedPins) -> Iterator[Door]:
    with closing(open_door(SETTINGS, pins, CLOCK)) as opened:
        yield opened


def housing(pins: SimulatedPins, line: Line) -> None:
    pins.set_line(HOUSING, line)
    CLOCK.sleep(0.1)


def looked(store: Store, door: Door) -> list[str]:
    """What is reported when the doors are looked at twice; the log is written down."""
    said: list[str] = []
    log = DoorLog(door, store, CLOCK)
    forgetting = KeyForgetting(store.vault, {}, {"main": log}, said.append)
    forgetting._doors = {"main": door}  # no thread: the test looks itself
    forgetting.look()
    forgetting.look()
    log.write_down()
    return said


def sealed(store: Store) -> bytes:
    with store.people() as people:
        people.add("Ada", NOON)
    return store.vault.seal(b"a face", person_id=1, about=b"x")


def test_closed_housing_destroys_nothing(store: Store, door: Door, key: Path) -> None:
    assert (looked(store, door), key.exists(), store.vault.trouble()) == ([], True, "")


def test_opened_housing_destroys_the_key(store: Store, door: Door, pins: SimulatedPins, key: Path) -> None:
    record = sealed(store)
    secret = bytes(store.vault.begin().secret)
    housing(pins, Line.ACTIVE)
    assert len(looked(store, door)) == 1
    with pytest.raises(KeyMissing, match="the housing of door main was opened"):
        store.vault.open(record, person_id=1, about=b"x")
    kept = b"".join(path.read_bytes() for path in key.parent.iterdir())
    assert (key.exists(), secret in kept, written(Secret(secret)).split()[1] in kept) == (False, False, False)


def test_it_is_audited_with_an_alarm(store: Store, door: Door, pins: SimulatedPins) -> None:
    housing(pins, Line.ACTIVE)
    looked(store, door)
    with store.audit() as audit, store.alarms() as alarms:
        events = {(row.event, row.door) for row in audit.newest(10)}
        assert AlarmKind.TAMPER in {alarm.kind for alarm in alarms.open_ones()}
    assert {(Event.DOOR_TAMPERED, "main"), (Event.KEY_FORGOTTEN, "main")} <= events


def test_it_outlasts_a_restart_and_a_closed_housing(
    store: Store, door: Door, pins: SimulatedPins, tmp_path: Path
) -> None:
    housing(pins, Line.ACTIVE)
    looked(store, door)
    housing(pins, Line.QUIET)
    with Store(tmp_path / "state") as again:
        assert again.vault.trouble().endswith("The device key was forgotten: the housing of door main was opened.")


def test_restored_key_opens_and_an_open_housing_destroys_it_again(
    store: Store, door: Door, pins: SimulatedPins
) -> None:
    record, secret = sealed(store), Secret(store.vault.begin().secret)
    housing(pins, Line.ACTIVE)
    looked(store, door)
    store.vault.restore(Secret(secret))
    assert store.vault.open(record, person_id=1, about=b"x") == b"a face"
    looked(store, door)
    assert store.vault.forgotten
    housing(pins, Line.QUIET)
    store.vault.restore(secret)
    assert (looked(store, door), store.vault.open(record, person_id=1, about=b"x")) == ([], b"a face")


def test_credential_counts_no_more(
    store: Store, door: Door, pins: SimulatedPins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is root's, so it can only be left alone."""
    Path(store.vault.begin().place).rename(tmp_path / "lintel.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert store.vault.trouble() == ""
    housing(pins, Line.ACTIVE)
    looked(store, door)
    assert (bool(store.vault.trouble()), (tmp_path / "lintel.key").exists()) == (True, True)


def test_locked_file_stays_and_the_passphrase_brings_it_back(
    tmp_path: Path, runtime: Path, door: Door, pins: SimulatedPins
) -> None:
    lock = PassphraseLock("correct horse battery staple")
    with Store(tmp_path / "state", places=KeyFiles(tmp_path / "state", lock)) as first:
        first.vault.begin()
    KeyFiles(tmp_path / "state", lock).open_into(runtime)
    with Store(tmp_path / "state") as store:
        housing(pins, Line.ACTIVE)
        looked(store, door)
        assert (bool(store.vault.trouble()), list(runtime.iterdir())) == (True, [])
        KeyFiles(tmp_path / "state", lock).open_into(runtime)
        assert store.vault.trouble() == ""


def test_disk_that_fails_denies_all_the_same(
    store: Store, door: Door, pins: SimulatedPins, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_words: object, **_named: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("device.store.vault.key_files.write_whole", fails)
        housing(pins, Line.ACTIVE)
        assert len(looked(store, door)) == 1
        assert (key.exists(), bool(store.vault.trouble())) == (True, True)
    looked(store, door)


def test_what_a_crash_left_is_destroyed_at_the_next_start(store: Store, key: Path) -> None:
    (key.parent / "forgotten").write_text("The device key was forgotten: the housing of door main was opened\n")
    store.vault.finish_forgetting()
    assert (key.exists(), store.vault.trouble().endswith("was opened.")) == (False, True)


def test_door_without_a_tamper_input_can_not_choose_it() -> None:
    with pytest.raises(ValueError, match="can't notice that its housing is opened"):
        settings_in(msgspec.toml.decode('[[doors]]\ntamper = "forget-keys"\n'))


def test_key_is_in_no_memory_of_the_process(tmp_path: Path) -> None:
    """The device key's 32 bytes and its line of text, in all that the process may write to, before and after."""
    state = tmp_path / "state"
    with Store(state) as store:
        secret = bytes(store.vault.begin().secret)
        text = written(store.vault.begin().secret).split()[1]
    command = [sys.executable, "-m", "tests.device.forgetting_child", str(state)]
    with started(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as child:
        output_of(child).readline()
        before = copies(child.pid, secret)
        input_of(child).write("\n")
        input_of(child).flush()
        assert "was opened" in output_of(child).readline()
        found = (before > 0, copies(child.pid, secret), copies(child.pid, text))
        input_of(child).close()
        child.wait()
    assert found == (True, 0, 0)
    assert all(secret not in path.read_bytes() for path in keys_folder(state).iterdir())


@pytest.mark.slow(small="test_key_is_in_no_memory_of_the_process")
def test_key_is_in_no_memory_of_the_whole_service() -> None:
    """`lintel run` with camera, network and operators, after faces were compared; the door says why it denies."""
    with new_rig() as rig:
        text = rig.settings.read_text().replace("[[doors]]", '[[doors]]\ntamper = "forget-keys"', 1)
        wire = f'[[doors.inputs]]\nsignal = "tamper"\npin = {HOUSING.pin}\n[[cameras]]'
        rig.settings.write_text(text.replace("[[cameras]]", wire, 1))
        with Store(rig.state) as store:
            secret = bytes(store.vault.begin().secret)
        service = rig.start()
        rig.camera.shows(EILEEN)
        _, granted = rig.swiped(BADGES[EILEEN])
        before = copies(service.process, secret)
        rig.board.press(HOUSING.pin or 0)
        until(lambda: any("was forgotten" in trouble for trouble in rig.status().troubles))  # type: ignore[union-attr]
        after = copies(service.process, secret)
        _, denied = rig.swiped(BADGES[EILEEN])
        assert ("GRANTED" in granted, before > 0, after, "(key-missing)" in denied) == (True, True, 0, True)
        assert not (keys_folder(rig.state) / "device.key").exists()
