"""Opens the camera that `source` under [[cameras]] names: a device, a CSI or network camera, a clip, images."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from device.cameras.csi import CsiCamera, program
from device.cameras.driver import Device, refuse_missing, silence_opencv
from device.cameras.files import open_image_camera, open_video_camera
from device.cameras.infrared import InfraredCamera
from device.cameras.live import LiveCamera
from device.cameras.rtsp.receiving import look_for_relay, open_relayed
from device.errors import CameraError
from device.images import SUFFIXES
from device.ports import Camera, Clock
from device.settings.cameras import device_path, is_csi, is_file, is_relayed, relay_unit
from device.settings.tables import CameraSettings

Note = Callable[[str], None]
"""Takes a line for the journal."""


def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
    """Raises `CameraError` or `ImageError` if the source is not there or damaged."""
    if not is_file(settings.source):
        return in_its_light(open_live_camera(settings, clock), settings)
    silence_opencv()
    path = Path(settings.source)
    is_pictures = path.is_dir() or path.suffix.lower() in SUFFIXES
    opened = (open_image_camera if is_pictures else open_video_camera)(path, clock, rotate=settings.rotate)
    return in_its_light(opened, settings)


def open_live_camera(
    settings: CameraSettings, clock: Clock, *, in_background: bool = False, note: Note = lambda _line: None
) -> LiveCamera:
    """Only what sees the present: a real door is not opened by a file.

    Raises `CameraError` for a file, and for a device that is missing. With `in_background` the device is opened by the
    camera's own thread, again and again; until it is there, `trouble` says why not, and `read` raises it. `note` takes
    what a camera's program says. Look through it by `in_its_light`.
    """
    _refuse_file(settings)
    if is_csi(settings.source):
        csi = CsiCamera(settings, clock, lambda line: note(f"Camera {settings.name}: {line}"))
        return LiveCamera(csi.open, clock, name=csi.name, in_background=in_background)
    if is_relayed(settings.source):
        name = f"The camera of {relay_unit(settings.source)}"
        return LiveCamera(partial(open_relayed, settings, clock), clock, name=name, in_background=in_background)
    path = device_path(settings.source)
    device = Device(path, settings)
    return LiveCamera(device.open, clock, name=f"The camera at {path}", in_background=in_background)


def in_its_light(camera: Camera, settings: CameraSettings) -> Camera:
    """The camera as it is to be looked through: without colors if it sees by infrared light."""
    return InfraredCamera(camera) if settings.light == "infrared" else camera


def look_for_camera(settings: CameraSettings) -> str:
    """What a live camera is opened through; it is not opened. Raises `CameraError` if that is missing or a file."""
    _refuse_file(settings)
    if is_csi(settings.source):
        return f"{settings.source} through {program()}"
    if is_relayed(settings.source):
        return str(look_for_relay(settings.source))
    device = device_path(settings.source)
    refuse_missing(device)
    return str(device)


def _refuse_file(settings: CameraSettings) -> None:
    if is_file(settings.source):
        raise CameraError(
            f"{settings.source} is not a camera, and a file doesn't count as evidence at a real door.",
            hint="Set `source` under [[cameras]] to a device, or play files with `lintel simulate`.",
        )
