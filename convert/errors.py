"""What can go wrong on the workstation, below `device.errors.LintelError`.

LintelError
├── SourceError             14  a published package: its download, its hash, a member of it
└── WeightsError            15  a weights file that is not the network it should be
"""

from device.errors import LintelError


class SourceError(LintelError):
    """A pinned package or one of its files that cannot be had, or that is not the pinned one."""

    exit_code = 14


class WeightsError(LintelError):
    """A weights file that is truncated, altered, or of another network."""

    exit_code = 15
