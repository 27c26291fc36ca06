"""`Wire` of Prometheus: an endpoint that is scraped, a file that node_exporter reads, or both."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client import CollectorRegistry, generate_latest

from device.errors import LinkError
from device.failures import in_words
from device.files import write_whole
from device.link.events import LinkEvent
from device.link.prometheus.endpoint import Endpoint
from device.link.prometheus.figures import Figures
from device.records import DoorStatus

NAME = "prometheus"
FILE_NAME = "lintel.prom"
WRITE_S = 5.0
"""Between two files, seconds."""
CHECK_S = 5.0
_SIGN = b"lintel_build_info"


class PrometheusWire:
    """Takes all that comes at once: what is scraped is up to the other side."""

    name = NAME

    def __init__(
        self,
        *,
        listen: str = "",
        port: int = 0,
        textfile: Path | None = None,
        version: str = "",
        write_s: float = WRITE_S,
    ) -> None:
        """An endpoint where `listen` is given, a file in the folder `textfile`. Listens and writes only once open."""
        self.figures = Figures(version)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self.figures)
        self._listen = listen
        self._port = port
        self._textfile = textfile
        self._write_s = write_s
        self._endpoint: Endpoint | None = None
        self._writer: _Writer | None = None
        self._counted: frozenset[str] = frozenset()

    @property
    def port(self) -> int:
        """Where the endpoint listens; 0 while it doesn't."""
        return self._endpoint.port if self._endpoint is not None else 0

    def open(self) -> None:
        """Listens, and writes the first file. Raises `LinkError`."""
        self.close()
        if self._listen:
            self._endpoint = Endpoint(self._registry, self._listen, self._port)
        if self._textfile is not None:
            self._write()
            self._writer = _Writer(self._write, self._write_s)

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        """Counts them; those that come a second time, as after a file that could not be written, count once."""
        self.figures.count(event for event in events if event.uid not in self._counted)
        self._counted = frozenset(event.uid for event in events)
        self._refuse_unwritten()

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        """How the doors are now. Raises `LinkError` if the file could not be written meanwhile."""
        self.figures.show(doors)
        self._refuse_unwritten()

    def close(self) -> None:
        """Neither listens nor writes any more. The counts stay."""
        endpoint, writer, self._endpoint, self._writer = self._endpoint, self._writer, None, None
        if writer is not None:
            writer.close()
        if endpoint is not None:
            endpoint.close()

    def measure(self, outbox: Callable[[], int | None]) -> None:
        """As `Measuring.measure`."""
        self.figures.outbox = outbox

    def check(self) -> str:
        """Reads the figures back: those of the running link, or else of an endpoint and a file made for this."""
        said = [self._scraped()] if self._listen else []
        if self._textfile is not None:
            self._write_unless_there()
            said.append(f"{self._textfile / FILE_NAME} has the figures.")
        return " ".join(said)

    def _scraped(self) -> str:
        if self._port:
            try:
                return self._read(self._port)
            except (OSError, LinkError):  # the link isn't running: listen for a moment
                pass
        endpoint = Endpoint(self._registry, self._listen, self._port)
        try:
            return self._read(endpoint.port)
        except OSError as error:
            raise LinkError(f"The metrics can't be read: {in_words(error)}.", hint="Check `listen`.") from None
        finally:
            endpoint.close()

    def _read(self, port: int) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._listen, self._listen)  # noqa: S104 - of the settings
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
        try:
            with urlopen(url, timeout=CHECK_S) as answer:
                text = answer.read(1 << 20)
        except URLError as error:
            raise OSError(str(error.reason)) from None
        if _SIGN not in text:
            raise LinkError(f"{url} is not Lintel's.", hint="Something else listens there: set another `port`.")
        return f"{url} has the figures."

    def _write(self) -> None:
        """Raises `LinkError`."""
        if self._textfile is None:
            return
        path = self._textfile / FILE_NAME
        try:
            write_whole(path, generate_latest(self._registry), durable=False, mode=0o644)
        except OSError as error:
            raise LinkError(
                f"Cannot write {path}: {in_words(error)}.", hint="The user lintel-link must be able to write there."
            ) from None

    def _write_unless_there(self) -> None:
        """The running link's file is as good; one that is not there is written for a moment."""
        path = (self._textfile or Path()) / FILE_NAME
        if not path.exists():
            self._write()
            path.unlink(missing_ok=True)

    def _refuse_unwritten(self) -> None:
        if self._writer is not None and self._writer.failure is not None:
            raise self._writer.failure


class _Writer:
    """Writes the file again and again, so that a door that has become silent vanishes from it."""

    def __init__(self, write: Callable[[], None], every_s: float) -> None:
        self.failure: LinkError | None = None
        self._write = write
        self._every_s = every_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics file", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._every_s):
            try:
                self._write()
                self.failure = None
            except LinkError as error:
                self.failure = error
