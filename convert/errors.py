"""What can go wrong on the workstation, below `device.errors.LintelError`.

LintelError
├── SourceError             14  a published package: its download, its hash, a member of it
└── WeightsError            15  a weights file that is not the network it should be
"""

from device.errors import LintelError

MAX_CAUSE = 4_000
"""Letters of a foreign error that are shown: far more than any of Keras's or TensorFlow's causes has."""
_BEFORE_THE_CAUSE = ("Exception encountered:", "An error occurred:")
"""What Keras puts between the whole description of a network, thousands of letters, and what is wrong with it."""


class SourceError(LintelError):
    """A pinned package or one of its files that cannot be had, or that is not the pinned one."""

    exit_code = 14


class WeightsError(LintelError):
    """A weights file that is truncated, altered, or of another network."""

    exit_code = 15


def cause(error: BaseException) -> str:
    """What another library says went wrong, in one line, its cause in full.

    Where Keras quotes a network's whole description first, that is left out. Of what is longer than any message,
    a file's doing, the beginning and the end stay.
    """
    said = " ".join(str(error).split()) or type(error).__name__
    for mark in _BEFORE_THE_CAUSE:
        _, found, after = said.rpartition(mark)
        said = after.strip() if found and after.strip() else said
    if len(said) > MAX_CAUSE:
        said = f"{said[: MAX_CAUSE // 2]} ... {said[-MAX_CAUSE // 2 :]}"
    return said
