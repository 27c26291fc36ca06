"""The process behind lintel-rtsp@NAME.service: a thread at the camera, and this one at the socket."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from device.cameras.rtsp.address import Address
from device.cameras.rtsp.pulling import Pulling
from device.cameras.rtsp.receiving import WHY
from device.cameras.rtsp.serving import FrameServer, Message
from device.cameras.rtsp.stream import PrivateErrors, Stream, open_stream
from device.cameras.rtsp.wire import FrameHead, Trouble, TroubleHead
from device.clock import SystemClock
from device.errors import CameraError
from device.failures import in_words
from device.listening import Listening, listen_instead
from device.notifier import Notifier
from device.settings.cameras import RELAY_SOCKET, relay_dir, relay_unit
from device.settings.tables import CameraSettings

MODE = 0o660
"""The group may connect: the door's user is in it, and the folder is closed to others."""
STEP_S = 0.1
END_S = 2.0


class Newest:
    """The message that is passed on next; a newer one takes its place."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._message: Message | None = None

    def put(self, message: Message) -> None:
        """For the thread at the camera."""
        with self._lock:
            self._message = message
        self._wake()

    def take(self) -> Message | None:
        """For the thread at the socket."""
        with self._lock:
            message, self._message = self._message, None
            return message


class Journal:
    """Says what has changed, a line each."""

    def __init__(self, unit: str, report: Callable[[str], None]) -> None:
        self._unit = unit
        self._report = report
        self._said: tuple[object, ...] = ()

    def heard(self, message: Message) -> None:
        """What is passed on."""
        head = message.head
        said = (head.width, head.height) if isinstance(head, FrameHead) else (head.trouble,)
        if said == self._said or said == (Trouble.CONNECTING,):
            return
        self._said = said
        if isinstance(head, TroubleHead):
            self._report(f"{self._unit} {WHY[head.trouble]}.")
        else:
            self._report(f"{self._unit} passes on pictures of {head.width}x{head.height} pixels.")


def relay(settings: CameraSettings, address: Address, clock: SystemClock, report: Callable[[str], None]) -> None:
    """Passes pictures on until the process is asked to stop.

    Raises `CameraError` if there is no folder for the socket, or the socket is taken away.
    """
    errors, notifier = PrivateErrors(), Notifier.of_environment()
    journal = Journal(relay_unit(settings.source), report)
    server = FrameServer(_listening_at(relay_dir(settings.source) / RELAY_SOCKET))
    newest = Newest(server.wake)
    pulling = Pulling(partial(_opened, address, errors), settings, newest.put, monotonic=clock.monotonic)
    try:
        pulling.start()
        notifier.ready()
        while not clock.stop.is_set():
            server.step(STEP_S)
            if message := newest.take() or pulling.gone_quiet():
                server.offer(message)
                journal.heard(message)
            if pulling.is_alive():
                notifier.alive()
            server.refuse_to_be_removed()
    finally:
        notifier.stopping()
        server.close()
        pulling.close(END_S)


def _opened(address: Address, errors: PrivateErrors) -> Stream | Trouble:
    errors.clear()
    return open_stream(address) or errors.why()


def _listening_at(path: Path) -> Listening:
    try:
        return listen_instead(path, MODE)
    except OSError as error:
        raise CameraError(
            f"Can't listen at {path}: {in_words(error)}.",
            hint="Start the relay as a service, which makes the folder: `sudo systemctl start lintel-rtsp@NAME`.",
        ) from None
