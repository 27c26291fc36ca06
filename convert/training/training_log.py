"""What a training comes to, for TensorBoard: written by TensorBoard's own writer, so on every backend."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from convert.tensorflow_backend import quiet
from device.errors import DependencyMissing
from device.packages import install_hint


class TrainingLog:
    """Numbers by epoch in a folder, or, without a folder, nowhere."""

    def __init__(self, folder: Path | None) -> None:
        """Raises `DependencyMissing` without the package tensorboard."""
        self._writer = None if folder is None else _writer(folder)

    def write(self, epoch: int, scalars: Mapping[str, float]) -> None:
        """Adds the numbers of an epoch, by their names."""
        if self._writer is None:
            return
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        self._writer.add_event(Event(step=epoch, wall_time=time.time(), summary=Summary(value=values)))
        self._writer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()


def _writer(folder: Path) -> Any:  # noqa: ANN401 - TensorBoard is untyped
    try:
        with quiet():
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            return EventFileWriter(str(folder))
    except ImportError:
        raise DependencyMissing(
            "tensorboard is not installed, which writes --logs.", hint=install_hint("convert")
        ) from None
