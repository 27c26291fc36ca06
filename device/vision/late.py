"""An analyzer that is loaded in the background, and loaded again later if a model is missing."""

import threading
from collections.abc import Callable
from typing import Protocol

from device.errors import LintelError, ModelError
from device.failures import in_words
from device.records import Frame, Image, Probe, Reason
from device.vision.embedder import Embedder
from device.vision.following import View

RETRY_S = 10.0
"""How long to wait before a model that is missing is looked for again."""
_NOT_YET = "The models are still being loaded."


class Analyzer(Protocol):
    """From a frame to a probe. One thread at a time uses it."""

    @property
    def embedder(self) -> Embedder:
        """The embedding network. Raises `ModelError` while there is none."""

    def follow(self, frame: Frame, view: View) -> Probe | Reason:
        """The probe of the only face in a frame, or why there is none; `view` is that of the camera. Raises
        `ModelError`.
        """

    def turn_back_deg(self, image: Image) -> int:
        """By how many degrees clockwise an RGB image has to be turned until its face is upright: 0, 90, 180 or 270.

        Raises `ModelError`.
        """


class LateAnalyzer:
    """`Analyzer` that is there as soon as its models are."""

    def __init__(self, load: Callable[[], Analyzer]) -> None:
        """Begins to load, and tries again every `RETRY_S` until it has worked."""
        self._load = load
        self._loaded: Analyzer | None = None
        self._fault = ModelError(_NOT_YET, hint="Wait a moment.")
        self._closing = threading.Event()
        self.tried = threading.Event()
        """Set once loading has worked or failed."""
        threading.Thread(target=self._run, name="models", daemon=True).start()

    @property
    def embedder(self) -> Embedder:
        """The embedding network. Raises `ModelError` while there is none."""
        return self._there().embedder

    def follow(self, frame: Frame, view: View) -> Probe | Reason:
        """As `FaceAnalyzer.follow`. Raises `ModelError` while there are no models."""
        return self._there().follow(frame, view)

    def turn_back_deg(self, image: Image) -> int:
        """As `FaceAnalyzer.turn_back_deg`. Raises `ModelError` while there are no models."""
        return self._there().turn_back_deg(image)

    def trouble(self) -> str:
        """Why there is no analyzer, "" if there is one."""
        return "" if self._loaded else self._fault.message

    def close(self) -> None:
        """Stops trying."""
        self._closing.set()

    def _there(self) -> Analyzer:
        if self._loaded is None:
            raise ModelError(self._fault.message, hint=self._fault.hint)
        return self._loaded

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._loaded = self._load()
            except LintelError as error:
                self._fault = ModelError(error.message, hint=error.hint)
            except Exception as error:  # what a runtime raises at a file that is not a model
                self._fault = ModelError(f"The models can't be loaded: {in_words(error)}.", hint="Install again.")
            self.tried.set()
            if self._loaded or self._closing.wait(RETRY_S):
                return
