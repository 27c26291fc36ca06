"""The one tree of errors: every failure of Lintel is one of these, with what to do about it and an exit code.

    LintelError                 70  a failure without a better name
    ├── ConfigError              3  the settings file or a setting
    ├── ModelError               4  a model, its manifest, or the TFLite runtime
    ├── ImageError               5  an image that cannot be read
    ├── CameraError              6  a camera or a clip
    ├── DoorError                7  the relay, its pin, the GPIO chip
    ├── StoreError               8  the database and its folder
    │   ├── KeyMissing           8  the key to what lies sealed in the database
    │   └── BackupError          8  a backup that can't be made or restored
    ├── CredentialError          9  a badge number that can't be read, or has no holder
    ├── EnrollmentRefused       10  images that cannot become references
    ├── ScenarioError           11  a scenario file
    ├── DependencyMissing       12  an optional package that this command needs
    ├── ReaderError             13  a badge reader
    │   └── ReaderEnded         13  a badge reader whose input has come to its end
    └── LinkError               14  an integration of `lintel link`

`convert.errors` adds its own below `LintelError`. Exit code 0 is success, a match or expectations met; 1 is the
answer "no" (a non-match, an expectation not met, a check that failed); 2 is a mistake on the command line.
"""

from typing import ClassVar

from device.redaction import redacted


class LintelError(Exception):
    """What happened, what was expected and received (`message`), and what to do about it (`hint`).

    Neither ever holds the password of an address.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str) -> None:
        self.message = redacted(message)
        self.hint = redacted(hint)
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, tuple[type["LintelError"], str, str]]:
        """Lets the error cross from one process to another, which would hang instead."""
        return _again, (type(self), self.message, self.hint)


def _again(kind: type[LintelError], message: str, hint: str) -> LintelError:
    return kind(message, hint=hint)


class ConfigError(LintelError):
    """A settings file that cannot be read, or a setting that does not exist or is out of range."""

    exit_code = 3


class ModelError(LintelError):
    """A model file that is missing, altered or not what its manifest says, or no runtime to run it."""

    exit_code = 4


class ImageError(LintelError):
    """An image file that is missing, damaged or not an image."""

    exit_code = 5


class CameraError(LintelError):
    """A camera or a clip that cannot be opened, or that stopped giving frames."""

    exit_code = 6


class DoorError(LintelError):
    """A relay that cannot be driven: no GPIO chip, no library, or a pin that is taken."""

    exit_code = 7


class StoreError(LintelError):
    """A database that cannot be opened, read or written."""

    exit_code = 8


class KeyMissing(StoreError):
    """The key to what lies sealed in the database is missing, locked, or another one than it was sealed with."""


class BackupError(StoreError):
    """A backup that can't be made, opened or restored."""


class CredentialError(LintelError):
    """A badge in an unknown format, or one without a holder."""

    exit_code = 9


class EnrollmentRefused(LintelError):
    """Images that cannot become references."""

    exit_code = 10


class ScenarioError(LintelError):
    """A scenario file that cannot be read, or that asks for what does not exist."""

    exit_code = 11


class DependencyMissing(LintelError):
    """A package that this command needs and that is not installed."""

    exit_code = 12


class ReaderError(LintelError):
    """A badge reader that cannot be opened, or that went away."""

    exit_code = 13


class ReaderEnded(ReaderError):
    """A badge reader whose input has come to its end; no fault where badges are typed or piped in."""


class LinkError(LintelError):
    """An integration whose far side can't be reached, refuses, or did not acknowledge."""

    exit_code = 14
