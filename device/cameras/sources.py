"""Opens the camera that `camera.source` names: a device, a clip, an image or a folder of images."""

from pathlib import Path

from device.cameras.files import open_image_camera, open_video_camera
from device.cameras.v4l2 import open_v4l2_camera
from device.config import CameraSettings
from device.images import SUFFIXES
from device.ports import Camera, Clock


def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
    """Raises `CameraError` or `ImageError` if the source is not there or damaged."""
    path = Path(settings.source)
    if settings.source.isdigit() or settings.source.startswith("/dev/"):
        return open_v4l2_camera(settings, clock)
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        return open_image_camera(path, clock)
    return open_video_camera(path, clock)
