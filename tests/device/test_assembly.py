"""A real door put together: the relay first, all let go in the end, and in operation whatever else is missing."""

import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

import msgspec
import numpy as np
import pytest

from device.clock import Stop, SystemClock
from device.credentials import parse_badge
from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.securing.driven import last_driven
from device.enrollment import Candidate, Enrollment
from device.errors import CameraError, DoorError
from device.notifier import Notifier
from device.records import Event, Image
from device.service import Service, operate
from device.settings.lock import GpioSettings, lock_of
from device.settings.tables import CameraSettings, DoorSettings, ReaderSettings, Settings, VisionSettings
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from device.watchdog import Watchdog
from tests.device.assembled import running
from tests.device.commands import Ended, Lintel
from tests.device.consented import CONSENTED
from tests.device.lgpio import Lgpio
from tests.there import there
from tests.waiting import PATIENCE_S

PET_S = 2.0

SECURE, RELEASED = 0, 1


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "badges"
    os.mkfifo(path)
    return path


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch, portraits: Mapping[str, Image]) -> None:
    """A camera where a device would be, with Eileen in front of it."""
    figure = Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5))

    def opened(_settings: CameraSettings, clock: SystemClock, **_how: bool) -> SimulatedCamera:
        return SimulatedCamera(clock, Scene((figure,), {"eileen": portraits["eileen-collins"]}))

    monkeypatch.setattr("device.assembly.open_live_camera", opened)


@pytest.fixture
def settings(fifo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return Settings(
        doors=(DoorSettings(pin=17, strike_time_s=0.01, readers=(ReaderSettings(source=str(fifo)),)),),
        vision=VisionSettings(threads=1),
    )


def run_until_closed(settings: Settings) -> None:
    with running(settings):
        pass


@pytest.mark.usefixtures("camera")
def test_door_is_secured_from_the_start_to_the_end(lgpio: Lgpio, settings: Settings) -> None:
    run_until_closed(settings)
    assert set(lgpio.levels()) == {SECURE}


def test_door_is_secured_before_the_camera_is_opened(
    lgpio: Lgpio, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = []

    def failing(_settings: CameraSettings, _clock: SystemClock, **_how: bool) -> NoReturn:
        levels.extend(lgpio.levels())
        raise CameraError("There is no camera.", hint="Connect it.")

    monkeypatch.setattr("device.assembly.open_live_camera", failing)
    run_until_closed(settings)
    assert set(levels) == {SECURE}


@pytest.mark.usefixtures("camera", "runtime")
def test_relays_are_remembered_before_a_pin_is_touched(lgpio: Lgpio, settings: Settings) -> None:
    lgpio.refused.add("output")
    with pytest.raises(DoorError):
        run_until_closed(settings)
    assert last_driven().relays == tuple(lock_of(door) for door in settings.doors)


@pytest.mark.usefixtures("camera", "runtime", "lgpio")
def test_chip_is_remembered_and_in_the_status(settings: Settings) -> None:
    with running(settings) as run:
        status = run.door.status()
    assert status.chip == str(last_driven().chip) == "pinctrl-bcm2711, /dev/gpiochip0, 58 lines"


@pytest.mark.usefixtures("camera", "runtime")
def test_door_is_on_the_chip_that_the_settings_name(lgpio: Lgpio, dev: Path, settings: Settings) -> None:
    lgpio.chips = {0: ("pinctrl-rp1", 54), 3: ("pcf8574", 32)}
    (dev / "gpiochip3").touch()
    run_until_closed(msgspec.structs.replace(settings, gpio=GpioSettings(chip="pcf8574")))
    assert {call[1] for call in lgpio.asked if call[0] == "output"} == {7 + 3}


def test_evacuation_outlasts_restarts_stops_and_a_slow_camera(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The guard secures a strike that nobody attends to, so the door's time has to pass from the first moment on."""
    clock = SystemClock()
    pins = SimulatedPins(clock)
    monkeypatch.setattr("device.open_doors.board_factory", lambda _chip: pins.factory)
    ModeFile(tmp_path / "state", "main").write(Lasting(Mode(ordered=Order.EVACUATION)))

    def slow(_settings: CameraSettings, clock: SystemClock, **_how: bool) -> NoReturn:
        clock.sleep(PET_S + 1.0)
        raise CameraError("There is no camera.", hint="Connect it.")

    monkeypatch.setattr("device.assembly.open_live_camera", slow)
    run_until_closed(settings)
    assert [level.high for level in pins.history(settings.doors[0].pin)] == [True]


@pytest.mark.usefixtures("lgpio", "camera")
def test_everything_is_let_go(settings: Settings, fifo: Path, tmp_path: Path) -> None:
    run_until_closed(settings)
    held = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    assert [path for path in held if path in (fifo, tmp_path / "state" / "lintel.db")] == []


def with_readers(settings: Settings, *readers: ReaderSettings) -> dict[str, Any]:
    """What to replace in the settings, for other readers at their door."""
    return {"doors": (msgspec.structs.replace(settings.doors[0], readers=readers),)}


@pytest.fixture
def without(settings: Settings, tmp_path: Path, portrait_files: dict[str, Path]) -> Callable[[str], Settings]:
    """The settings of a door that lacks a part, or where something else stands in its place."""

    def changed(part: str) -> Settings:
        if part == "store":
            (tmp_path / "state").touch()
        changes = {
            "store": {},
            "camera": {"cameras": (CameraSettings(source="63"),)},
            "file": {"cameras": (CameraSettings(source=str(portrait_files["eileen-collins"])),)},
            "reader": with_readers(settings, ReaderSettings(source="/dev/none")),
            "models": {"vision": VisionSettings(models_dir=str(tmp_path / "none"))},
        }
        return msgspec.structs.replace(settings, **changes[part])

    return changed


PARTS = {
    "store": "Cannot use the database",
    "camera": "No camera at /dev/video63",
    "file": "a file doesn't count as evidence at a real door",
    "reader": "No badge reader at /dev/none",
    "models": "none",
}


@pytest.mark.parametrize("part", PARTS)
def test_door_operates_without_a_part_and_names_it(lgpio: Lgpio, without: Callable[[str], Settings], part: str) -> None:
    with running(without(part)) as run:
        run.troubles(PARTS[part])
        assert run.door.let_out()
    assert RELEASED in lgpio.levels()


@pytest.mark.parametrize("part", ["camera", "models"])
@pytest.mark.usefixtures("lgpio")
def test_what_is_missing_is_in_the_audit_without_a_badge(
    without: Callable[[str], Settings], part: str, tmp_path: Path
) -> None:
    with running(without(part)) as run:
        run.troubles(PARTS[part])
        there(run.parts.parts[0].log).write_down()
    with Store(tmp_path / "state") as store, store.audit() as audit:
        assert any(row.event is Event.PART_FAILED and PARTS[part] in (row.fault or "") for row in audit)


@pytest.mark.usefixtures("camera")
def test_store_that_comes_later_is_used(lgpio: Lgpio, without: Callable[[str], Settings], tmp_path: Path) -> None:  # noqa: ARG001
    with running(without("store")) as run:
        run.troubles("Cannot use the database")
        (tmp_path / "state").unlink()
        run.polled(lambda said: not any("Cannot use the database" in one for one in said))
        there(run.parts.parts[0].log).write_down()
        assert there(run.parts.parts[0].log).waiting == 0


@pytest.mark.usefixtures("lgpio", "camera")
def test_standard_input_of_a_service_is_a_trouble(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the default: a door without its reader's settings has its exit button all the same."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/none")
    with running(msgspec.structs.replace(settings, **with_readers(settings, ReaderSettings()))) as run:
        run.troubles("A service has no standard input to read badges from.")
        assert run.door.let_out()


@pytest.mark.usefixtures("lgpio", "camera")
def test_door_whose_time_has_ended_ends_the_process_at_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """It is in FAULT and hears neither its exit button nor an evacuation: a watchdog would take 75 s."""

    def fail(*_arguments: float) -> NoReturn:
        raise MemoryError

    with running(settings) as run:
        monkeypatch.setattr(run.door, "tick", fail)
        watchdog = Watchdog(Notifier(None), SystemClock())
        services = [Service(part, settings, watchdog) for part in run.parts.parts]
        began = time.monotonic()
        with pytest.raises(DoorError, match="timer thread of door main has ended"):
            operate(services, run.parts, watchdog, Stop(), print)
        assert time.monotonic() - began < PATIENCE_S / 2


def test_no_chip_is_an_error_as_there_is_no_door_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path)
    with pytest.raises(DoorError, match="no GPIO chip"):
        run_until_closed(settings)


def test_way_out_has_a_loop_of_its_own(lgpio: Lgpio, settings: Settings, tmp_path: Path) -> None:  # noqa: ARG001
    """The issue's own case: a badge that lies on the reader outside must not keep anybody in."""
    os.mkfifo(tmp_path / "inside")
    inside = ReaderSettings(name="inside", direction="exit", source=str(tmp_path / "inside"))
    both = with_readers(settings, settings.readers[0], inside)
    with running(msgspec.structs.replace(settings, **both)) as run:
        ways = [part.is_way_out for part in run.parts.parts]
    assert ways == [False, True]


@pytest.mark.usefixtures("camera", "lgpio")
@pytest.mark.parametrize(("light", "is_gray", "share"), [("visible", False, 1.0), ("infrared", True, 0.5)])
def test_infrared_camera_is_looked_through_in_gray(
    settings: Settings, light: Literal["visible", "infrared"], is_gray: bool, share: float
) -> None:
    seeing = msgspec.structs.replace(settings, cameras=(CameraSettings(light=light),))
    with running(seeing) as run:
        doorway = run.parts.parts[0].doorway
        frame = there(doorway.camera.read(5.0))
    assert (bool(np.ptp(frame.image, axis=2).max() == 0), doorway.share_at("main")) == (is_gray, share)


@pytest.fixture
def run(
    lintel: Lintel, settings: Settings, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path
) -> Callable[[bytes], Ended]:
    """`lintel run` where Eileen Collins is enrolled, with badges typed on the real standard input once it is ready."""
    candidate = Candidate("portrait", portraits["eileen-collins"])
    with Store(tmp_path / "state") as store:
        Enrollment(store, analyzer, SystemClock(), terms=CONSENTED).enroll(
            parse_badge("17:1001"), "Eileen Collins", [candidate]
        )
    strike_time_s, threads = settings.doors[0].strike_time_s, settings.vision.threads
    (tmp_path / "lintel.toml").write_text(
        f"[[doors]]\nstrike_time_s = {strike_time_s}\n[vision]\nthreads = {threads}\n"
    )

    def typed(badges: bytes) -> Ended:
        ours, theirs = os.pipe()

        def type_badges(_notifier: Notifier) -> None:
            os.write(theirs, badges)
            os.close(theirs)

        before = os.dup(0)
        os.dup2(ours, 0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("device.notifier.Notifier.ready", type_badges)
            ended = lintel("--config", tmp_path / "lintel.toml", "run")
        os.dup2(before, 0)
        for descriptor in (ours, before):
            os.close(descriptor)
        return ended

    return typed


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize(
    ("badge", "said", "levels"),
    [
        (b"17:1001", "badge h10301#xxxxxxxx, GRANTED (match), similarity ", [SECURE, RELEASED, SECURE]),
        (b"17:9999", "badge h10301#xxxxxxxx, DENIED (badge-unknown), decided ", [SECURE]),
        (b"\x00\xff", "badge unreadable, DENIED (badge-unreadable), decided ", [SECURE]),
    ],
)
def test_badge_at_a_real_door(
    lgpio: Lgpio, run: Callable[[bytes], Ended], badge: bytes, said: str, levels: list[int]
) -> None:
    ended = run(badge + b"\n")
    changes = [level for level, before in zip(lgpio.levels(), [None, *lgpio.levels()], strict=False) if level != before]
    journal = re.sub("#[0-9a-f]{8}", "#xxxxxxxx", ended.out)
    assert (ended.exit_code, journal.startswith(said), changes) == (0, True, levels)


@pytest.mark.usefixtures("lgpio", "camera")
def test_badge_in_the_journal_is_found_by_readers_of_the_state(
    run: Callable[[bytes], Ended], lintel: Lintel, tmp_path: Path
) -> None:
    ended = run(b"17:1001\n")
    tag = ended.out.split()[1].rstrip(",")
    found = lintel("--state-dir", tmp_path / "state", "people", "find", tag)
    assert ("1001" in ended.out + ended.err, found.out[:14], found.exit_code) == (False, "Eileen Collins", 0)


@pytest.mark.usefixtures("lgpio", "camera")
def test_start_says_which_parts_are_there(run: Callable[[bytes], Ended], tmp_path: Path) -> None:
    said = run(b"17:1001\n").err.splitlines()
    assert [line for line in said if line.startswith(("store: ", "reader: "))] == [
        f"store: {tmp_path / 'state' / 'lintel.db'}",
        "reader: reader at stdin",
    ]


@pytest.mark.usefixtures("lgpio", "camera")
def test_visit_is_in_the_audit(run: Callable[[bytes], Ended], lintel: Lintel, tmp_path: Path) -> None:
    run(b"17:1001\n")
    """Whether this machine's clock is trusted, which would be a row too, is not the test's matter."""
    rows = lintel("--state-dir", tmp_path / "state", "audit", "list", "--json").json
    events = [row["event"] for row in rows if not str(row["fault"]).startswith("clock: ")]
    assert events == ["enrolled", "service-started", "decision", "service-stopped"]
