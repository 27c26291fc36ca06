"""Where a webhook goes: an address that is encrypted, or on this machine, or in the clear because the owner says so."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from device.errors import ConfigError

_ALLOWED = re.compile(r"[!-~]+")
"""Printable ASCII without a space: what a request's first line takes."""
_HINT = "For example `https://hooks.example.org/lintel`; write a host with other letters in its xn-- form."


@dataclass(frozen=True, slots=True)
class Address:
    """A host, and a path that may hold a secret, as those of Slack and Discord do: no message shows it."""

    host: str
    port: int
    path: str = field(repr=False)
    is_encrypted: bool = True

    @property
    def words(self) -> str:
        """What may be shown of it."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.host}:{self.port}"


def address_of(url: str, where: str, *, in_the_clear: bool = False) -> Address:
    """The address in a URL. Raises `ConfigError` for one that is none, or unencrypted to another machine.

    `in_the_clear` allows that. `where` says which webhook it is.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(where, "it can't be read") from None
    if not _ALLOWED.fullmatch(url) or parts.scheme not in ("http", "https") or not host:
        raise _refused(where, "expected https:// and a host, in ASCII without spaces")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused(where, "it has a user, a password or a fragment")
    is_encrypted = parts.scheme == "https"
    if not is_encrypted and not in_the_clear and not is_here(host):
        raise ConfigError(
            f"The address of {where} is not encrypted, and not on this machine.",
            hint="Use https://, or set `plain = true`: everyone on the way can read it then.",
        )
    query = f"?{parts.query}" if parts.query else ""
    return Address(host, port or (443 if is_encrypted else 80), f"{parts.path or '/'}{query}", is_encrypted)


def is_here(host: str) -> bool:
    """Whether a host is this machine by its name alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(where: str, why: str) -> ConfigError:
    return ConfigError(f"The address of {where} is wrong: {why}.", hint=_HINT)
