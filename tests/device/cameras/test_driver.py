"""What the settings ask of a camera's driver: it is done, or the camera is in trouble and says why."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras.driver import Device, takes_exposure
from device.errors import CameraError, ConfigError
from device.settings.loading import load_settings
from device.settings.tables import CameraSettings

AUTO_EXPOSURE, EXPOSURE, RATE = cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_FPS
DEVICE = Path("/dev/null")


class Driver:
    """`cv2.VideoCapture` of a device with some of V4L2's controls, each with the values that it takes."""

    def __init__(self, **takes: set[float]) -> None:
        numbers = {"auto": AUTO_EXPOSURE, "exposure": EXPOSURE, "rate": RATE}
        self.takes = {numbers[name]: values for name, values in takes.items()}
        self.values: dict[int, float] = {what: max(values) for what, values in self.takes.items()}
        self.released = 0

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        return True

    def set(self, what: int, value: float, /) -> bool:
        if value not in self.takes.get(what, set()):
            return False
        self.values[what] = value
        return True

    def get(self, what: int, /) -> float:
        return self.values.get(what, -1.0)

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        return False, None

    def release(self) -> None:
        self.released += 1


class Deaf(Driver):
    """Says that it takes everything, and does nothing."""

    def set(self, _what: int, _value: float, /) -> bool:
        return True


def webcam() -> Driver:
    """A UVC camera: manual (1) or aperture priority (3)."""
    return Driver(auto={1, 3}, exposure={50, 156, 300}, rate={10, 15, 30})


def opened(monkeypatch: pytest.MonkeyPatch, driver: Driver, settings: CameraSettings) -> None:
    monkeypatch.setattr("device.cameras.driver.cv2.VideoCapture", lambda _source, _api: driver)
    Device(DEVICE, settings).open()


def test_fixed_exposure_switches_the_automatic_one_off() -> None:
    driver = webcam()
    assert takes_exposure(driver, 156)
    assert (driver.values[AUTO_EXPOSURE], driver.values[EXPOSURE]) == (1, 156)


def test_automatic_exposure_is_switched_on_again() -> None:
    driver = webcam()
    driver.values[AUTO_EXPOSURE] = 1
    assert takes_exposure(driver, "auto")
    assert driver.values[AUTO_EXPOSURE] == 3


def test_camera_with_another_automatic_mode_is_automatic() -> None:
    driver = Driver(auto={0, 1})
    assert takes_exposure(driver, "auto")
    assert driver.values[AUTO_EXPOSURE] == 0


def test_camera_that_is_always_manual_takes_an_exposure() -> None:
    assert takes_exposure(Driver(exposure={50, 156}), 156)


@pytest.mark.parametrize(
    ("driver", "exposure"),
    [
        (webcam(), 157),
        (Driver(), 156),
        (Driver(), "auto"),
        (Driver(auto={3}, exposure={156}), 156),
        (Deaf(auto={1, 3}, exposure={50}), 156),
    ],
    ids=["out of range", "no control", "never automatic", "always automatic", "does nothing"],
)
def test_exposure_that_is_not_taken_is_a_trouble(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, exposure: int
) -> None:
    with pytest.raises(CameraError, match=f"at /dev/null does not take the exposure {exposure}.") as refused:
        opened(monkeypatch, driver, CameraSettings(source="/dev/null", exposure=exposure))
    assert "v4l2-ctl --list-ctrls" in refused.value.hint
    assert driver.released == 1


@pytest.mark.parametrize("rate", [10, 15, 30])
def test_rate_is_asked_of_the_driver(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    driver = webcam()
    opened(monkeypatch, driver, CameraSettings(source="/dev/null", rate=rate))
    assert (driver.values[RATE], driver.released) == (rate, 0)


def test_rate_of_television_is_near_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Deaf(rate={29.97})
    opened(monkeypatch, driver, CameraSettings(source="/dev/null", rate=30))
    assert driver.released == 0


def test_rate_that_the_camera_does_not_have_is_a_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = webcam()
    with pytest.raises(CameraError, match="gives 30 frames a second, expected 20") as refused:
        opened(monkeypatch, driver, CameraSettings(source="/dev/null", rate=20))
    assert "v4l2-ctl --list-formats-ext" in refused.value.hint
    assert driver.released == 1


def test_what_is_left_out_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(auto={1}, exposure={50}, rate={5})
    opened(monkeypatch, driver, CameraSettings(source="/dev/null"))
    assert driver.values == {AUTO_EXPOSURE: 1, EXPOSURE: 50, RATE: 5}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('source = "clip.mp4"\nrate = 15', "which has no rate to set - remove `cameras[0].rate`"),
        ('source = "faces/"\nexposure = "auto"', "which has no exposure to set - remove `cameras[0].exposure`"),
        ('metering = "face"', "expected one of average, camera, center, spot - at `cameras[0].metering`"),
        ("rotate = 45", "expected one of 0, 90, 180, 270 - at `cameras[0].rotate`"),
        ("rotate = -90", "expected one of 0, 90, 180, 270 - at `cameras[0].rotate`"),
        ("exposure = 0", "`cameras[0].exposure`"),
        ('exposure = "bright"', "`cameras[0].exposure`"),
        ("rate = 4", "`cameras[0].rate`"),
        ("rate = 12.5", "`cameras[0].rate`"),
    ],
)
def test_what_no_camera_can_do_is_refused(tmp_path: Path, setting: str, said: str) -> None:
    (tmp_path / "lintel.toml").write_text(f"[[cameras]]\n{setting}\n")
    with pytest.raises(ConfigError) as refused:
        load_settings(tmp_path / "lintel.toml")
    assert said in refused.value.message


def test_warnings_of_opencv_stay_out_of_the_journal(capfd: pytest.CaptureFixture[str]) -> None:
    """OpenCV has its own sentence for each attempt to open a device: "[ WARN:0@0.060] global cap.cpp:212 open"."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)
    with pytest.raises(CameraError, match="cannot be opened"):
        Device(DEVICE, CameraSettings(source="/dev/null")).open()
    assert capfd.readouterr() == ("", "")
