"""Passwords and keys of integrations: systemd's credentials, or files of one user. Never in settings."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from device.errors import ConfigError
from device.failures import in_words

MOST_BYTES = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that no log and no error shows: its text is asked for by name."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


def secret_of(name: str) -> Secret:
    """The secret of a setting: the unit's credential of that name, or the file at an absolute path.

    Raises `ConfigError` if it is missing, empty or readable by others.
    """
    path = Path(name) if name.startswith("/") else _credential(name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"The secret {path} is not a file.", hint=_how(name))
            if name.startswith("/") and stat.S_IMODE(status.st_mode) & _OTHERS:
                raise ConfigError(f"Others may read the secret {path}.", hint=f"sudo chmod 600 {path}")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"Cannot read the secret {path}: {in_words(error)}.", hint=_how(name)) from None
    return Secret(_text(content, path, name))


def _text(content: bytes, path: Path, name: str) -> str:
    try:
        text = content.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"The secret {path} is not text in UTF-8.", hint=_how(name)) from None
    if not text or len(content) > MOST_BYTES:
        size = "empty" if not text else f"larger than {MOST_BYTES} bytes"
        raise ConfigError(f"The secret {path} is {size}.", hint=_how(name))
    return text


def _credential(name: str) -> Path:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise ConfigError(f"The secret {name!r} is a credential of the unit, and there are none here.", hint=_how(name))
    if "/" in name or name in ("", ".", ".."):
        raise ConfigError(f"Not the name of a credential: {name!r}.", hint=_how(name))
    return Path(folder) / name


def _how(name: str) -> str:
    if name.startswith("/"):
        return f"sudo install -m 600 -o lintel-link /dev/stdin {name}"
    return f"`sudo systemctl edit lintel-link`: LoadCredential={name}:/etc/lintel/link/{name} under [Service]."
