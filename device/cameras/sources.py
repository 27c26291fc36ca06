"""Opens the camera that `source` under [[cameras]] names: a device, a clip, an image or a folder of images."""

from pathlib import Path

from device.cameras.driver import Device, refuse_missing, silence_opencv
from device.cameras.files import open_image_camera, open_video_camera
from device.cameras.live import LiveCamera
from device.errors import CameraError
from device.images import SUFFIXES
from device.ports import Camera, Clock
from device.settings.cameras import device_path, is_device
from device.settings.tables import CameraSettings


def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
    """Raises `CameraError` or `ImageError` if the source is not there or damaged."""
    if is_device(settings.source):
        return _open_device(settings, clock)
    silence_opencv()
    path = Path(settings.source)
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        return open_image_camera(path, clock, rotate=settings.rotate)
    return open_video_camera(path, clock, rotate=settings.rotate)


def open_live_camera(settings: CameraSettings, clock: Clock, *, in_background: bool = False) -> Camera:
    """Only what sees the present: a real door is not opened by a file.

    Raises `CameraError` for a file, and for a device that is missing. With `in_background` the device is opened by the
    camera's own thread, again and again; until it is there, `trouble` says why not, and `read` raises it.
    """
    _refuse_file(settings)
    return _open_device(settings, clock, in_background=in_background)


def look_for_camera(settings: CameraSettings) -> Path:
    """The device of a live camera, which is not opened. Raises `CameraError` if it is missing or a file."""
    _refuse_file(settings)
    device = device_path(settings.source)
    refuse_missing(device)
    return device


def _open_device(settings: CameraSettings, clock: Clock, *, in_background: bool = False) -> LiveCamera:
    """The camera at /dev/videoN or a device path. Raises `CameraError` if it is missing, unless `in_background`."""
    path = device_path(settings.source)
    device = Device(path, settings)
    return LiveCamera(device.open, clock, name=f"The camera at {path}", in_background=in_background)


def _refuse_file(settings: CameraSettings) -> None:
    if not is_device(settings.source):
        raise CameraError(
            f"{settings.source} is not a camera, and a file doesn't count as evidence at a real door.",
            hint="Set `source` under [[cameras]] to a device, or play files with `lintel simulate`.",
        )
