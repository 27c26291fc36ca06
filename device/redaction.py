"""Hides the passwords of addresses, wherever one is about to be shown: errors, journal, `lintel config`, status, audit.

The lowest of all rooms, so that every error passes through here before anything can print or store it.
"""

import re

HIDDEN = "***"
"""Stands in the place of a password, a token or a key."""

_HARMLESS = re.compile(
    "ch(annel|n)?|subtype|stream(type)?|profile|(uni|multi)cast|proto(col)?|transport(mode)?|resolution|width|height|fps|"
    "framerate|(video)?codec|audio|video|cam(era|id)|rotate|quality|compression",
    re.IGNORECASE,
)
"""Parameters of a camera's address whose values help to find a mistake; the value of any other may be a secret."""

_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]*):(/+)(\S*)", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w*])([^\s:/@'\"`]+):([^\s/@][^\s@]*)@(?=[\w\[])")
"""`user:password@host` without a scheme."""
_PARAMETER = re.compile(r"([^=&;?#'\"`]*)=([^&;#\s'\"`]*)")
_IN_PATH = re.compile(r"((?:pass|pwd|pw|token|secret|key|auth|sig|cred)\w*?[=:])([^&;/?#\s'\"`]*)", re.IGNORECASE)
"""A parameter in the path: `/user=admin_password=x_channel=1.sdp`."""


def redacted(text: str) -> str:
    """The text with `***` for each password, token or key in an address: `rtsp://user:***@host/x?token=***`.

    Where an address can be read in two ways, more of it is hidden. Text without an address is returned as it is.
    """
    if ":/" in text:
        text = _ADDRESS.sub(_hidden, text)
    return _BARE.sub(_hidden_bare, text) if "@" in text else text


def is_redacted(address: str) -> bool:
    """Whether an address was copied from output that hides its password."""
    return HIDDEN in address and redacted(address) == address and ":/" in address


def _hidden(found: re.Match[str]) -> str:
    scheme, slashes, rest = found.groups()
    who, at, where = rest.rpartition("@")
    if at:
        user, colon, _ = who.partition(":")
        who = f"{user}:{HIDDEN}" if colon else HIDDEN
    path, mark, parameters = _parted(where)
    return f"{scheme}:{slashes}{who}{at}{_IN_PATH.sub(_without_value, path)}{mark}{_without_values(parameters)}"


def _hidden_bare(found: re.Match[str]) -> str:
    return f"{found[1]}:{HIDDEN}@"


def _parted(where: str) -> tuple[str, str, str]:
    """Path, mark and parameters behind a question mark or a number sign."""
    marks = [place for place in map(where.find, "?#") if place >= 0]
    return (where[: min(marks)], where[min(marks)], where[min(marks) + 1 :]) if marks else (where, "", "")


def _without_values(parameters: str) -> str:
    """A parameter without a name is all secret; closing punctuation stays, as the sentence goes on behind it."""
    if "=" in parameters:
        return _PARAMETER.sub(_without_secret, parameters)
    secret = parameters.rstrip("'\"`.,;:)")
    return f"{HIDDEN if secret else ''}{parameters[len(secret) :]}"


def _without_secret(found: re.Match[str]) -> str:
    return found[0] if _HARMLESS.fullmatch(found[1]) else _without_value(found)


def _without_value(found: re.Match[str]) -> str:
    name = found[1].removesuffix("=")
    end = found[2][len(found[2].rstrip(".,:)")) :]
    return f"{name}={HIDDEN}{end}" if found[2] else found[0]
