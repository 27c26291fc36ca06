"""Whether a camera hangs turned, by how the faces in its pictures stand: between the camera and a door's looks.

What looks through the camera reports what it saw; a camera that hangs turned is in trouble, as one that is missing.
"""

from device.ports import AbsentCamera, Camera
from device.records import Frame

TURNED_IN_A_ROW = 3
"""Pictures with a turned face, none with an upright one between them, until the camera is taken to hang turned."""

_TURNED = "The camera hangs turned: faces lie on their side or upside down in its pictures."


class HangingCamera:
    """`WatchedCamera` around another camera."""

    def __init__(self, camera: Camera, rotate: int) -> None:
        """`rotate` is by how many degrees clockwise its pictures are turned already."""
        self._camera = camera
        self._rotate = rotate
        self._turned = 0
        self._back_deg = 0

    def read(self, timeout_s: float) -> Frame | None:
        """As the camera's own. Raises `CameraError`."""
        return self._camera.read(timeout_s)

    def trouble(self) -> str:
        """The camera's own, else that it hangs turned."""
        own = self._camera.trouble()
        if own or self._turned < TURNED_IN_A_ROW:
            return own
        rotate = (self._rotate + self._back_deg) % 360
        return f"{_TURNED} Turn the camera, or set `rotate = {rotate}` under [[cameras]]."

    def absence(self) -> str:
        """The camera's own."""
        return self._camera.absence() if isinstance(self._camera, AbsentCamera) else ""

    def saw(self, back_deg: int) -> None:
        """Counts a picture with a turned face; one with an upright face (0) ends the trouble."""
        self._turned, self._back_deg = (self._turned + 1 if back_deg else 0), back_deg

    def close(self) -> None:
        """Closes the camera."""
        self._camera.close()
