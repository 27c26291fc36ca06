"""The password of a camera's address is in no output: settings, errors, what is found, status, journal, audit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.assembly import MissingCamera
from device.cameras.sources import open_camera, open_live_camera
from device.cli.text.found_parts import found_lines
from device.clock import SystemClock
from device.errors import CameraError, LintelError
from device.probing import camera, parts
from device.settings.tables import CameraSettings, Settings
from device.terminal import put, say
from tests.device.commands import Lintel

SECRET = "Geheim-7"
ADDRESSES = [
    f"rtsp://admin:{SECRET}@192.0.2.7/stream1",
    f"rtsps://admin:{SECRET}@192.0.2.7:322/stream1",
    f"rtsp://admin:{SECRET}@[2001:db8::7]:554/stream1",
    f"rtsp://admin:a@b/{SECRET}@192.0.2.7/stream1",
    f"rtsp://{SECRET}@192.0.2.7/stream1",
    f"http://admin:{SECRET}@camera.example/mjpg",
    f"https://camera.example/mjpg?user=admin&pwd={SECRET}",
    f"http://camera.example/mjpg?{SECRET}",
    f"http://camera.example/mjpg#token={SECRET}",
    f"rtsp://192.0.2.7/user=admin_password={SECRET}_channel=1.sdp",
    f"rtmp://camera.example/live?key={SECRET}",
    f"admin:{SECRET}@192.0.2.7/stream1",
]
LOADED = [address for address in ADDRESSES if not address.startswith("rtsp")]
"""An RTSP address goes into a credential, and is refused in the settings."""
LINES = [
    "config",
    "config --changed",
    "config --json",
    "enroll 17:1 --name Ada --camera",
    "door status",
    "door secure",
    "run",
    "hardware",
    "readers list",
]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """A settings file with a camera of this address."""

    def write(source: str) -> Path:
        path = tmp_path / "lintel.toml"
        path.write_text(f'[[cameras]]\nsource = "{source}"\n')
        return path

    return write


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("source", ADDRESSES)
@pytest.mark.parametrize("line", LINES)
def test_no_command_shows_the_password(lintel: Lintel, written: Callable[[str], Path], source: str, line: str) -> None:
    ended = lintel("--config", written(source), *line.split())
    assert SECRET not in ended.out + ended.err


@pytest.mark.parametrize("source", ADDRESSES)
@pytest.mark.parametrize(
    "setting", ["rate = 10", "rate = 1", "exposure = 5", "turn = 5", "name = 'other'", "source = 3"]
)
def test_no_error_of_the_settings_shows_the_password(
    lintel: Lintel, written: Callable[[str], Path], source: str, setting: str
) -> None:
    path = written(source)
    path.write_text(f"{path.read_text()}{setting}\n")
    ended = lintel("--config", path, "config")
    assert (ended.exit_code, SECRET in ended.out + ended.err) == (3, False)


@pytest.mark.parametrize("source", LOADED)
def test_migrated_file_keeps_the_password(lintel: Lintel, written: Callable[[str], Path], source: str) -> None:
    path = written(source)
    assert lintel("--config", path, "config", "--migrate").out == path.read_text()


@pytest.mark.parametrize("source", [address for address in LOADED if "://" in address])
def test_copied_address_is_refused_until_the_password_is_written(
    lintel: Lintel, written: Callable[[str], Path], tmp_path: Path, source: str
) -> None:
    (tmp_path / "copied.toml").write_text(lintel("--config", written(source), "config", "--changed").out)
    ended = lintel("--config", tmp_path / "copied.toml", "config")
    assert (ended.exit_code, "write the password in place of the ***" in ended.err) == (3, True)


@pytest.mark.parametrize("source", ADDRESSES)
@pytest.mark.parametrize("opened", [open_camera, open_live_camera])
def test_no_error_of_a_camera_holds_the_password(source: str, opened: Callable[..., object]) -> None:
    with pytest.raises(LintelError) as refused:
        opened(CameraSettings(source=source), SystemClock())
    assert SECRET not in f"{refused.value.message}{refused.value.hint}{refused.value!r}"


@pytest.mark.parametrize("source", ADDRESSES)
def test_trouble_of_a_missing_camera_holds_no_password(source: str) -> None:
    assert SECRET not in MissingCamera(CameraError(f"No answer from {source}.", hint="Look.")).trouble()


@pytest.mark.parametrize("source", ADDRESSES)
def test_what_is_found_at_the_start_holds_no_password(source: str) -> None:
    settings = Settings(cameras=(CameraSettings(source=source),))
    assert SECRET not in repr(camera(settings.cameras[0]))
    assert SECRET not in "\n".join(found_lines(parts(settings)))


@pytest.mark.parametrize("source", ADDRESSES)
def test_line_for_the_journal_holds_no_password(capsys: pytest.CaptureFixture[str], source: str) -> None:
    for err in (False, True):
        say(f"The camera at {source} is gone.", err=err)
        put(f"The camera at {source} is gone.", err=err)
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err
    assert (printed.out.count("is gone."), printed.err.count("is gone.")) == (2, 2)
