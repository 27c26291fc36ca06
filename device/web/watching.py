"""Runs the monitor's page: its two watchers, its server, and the token that a unit keeps over restarts."""

import os
import re
import secrets
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.errors import ConfigError
from device.failures import in_words
from device.packages import installed_version
from device.web.monitor import Monitor, ServiceGlass, monitor_app
from device.web.serving import Page, PageServer

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class WatchPage:
    """How the monitor's page is served."""

    port: int = 0
    """0: a free one."""
    opens_browser: bool = True
    token_file: Path | None = None
    """Where the token is kept; without a file it is a new one each time."""


def watch_page(path: Path, wanted: WatchPage, say: Callable[[str], None]) -> None:
    """Serves the page about the service that listens at `path`, until Ctrl-C. `say` gets the address to print.

    Raises `ConfigError` if the port is taken, or the token's file isn't its owner's alone.
    """
    ended = threading.Event()
    monitor = Monitor(ServiceGlass(path, ended), installed_version(), ended)
    token = "" if wanted.token_file is None else kept_token(wanted.token_file)
    server = PageServer(Page("Lintel", monitor_app(monitor)), port=wanted.port, token=token)
    for name, watcher in (("doors", monitor.watch_doors), ("rows", monitor.watch_rows)):
        threading.Thread(target=watcher, name=name, daemon=True).start()
    try:
        say(address_words(server.address, wanted.token_file))
        server.run(opens_browser=wanted.opens_browser)
    finally:
        monitor.end()
        server.close()


def address_words(address: str, token_file: Path | None) -> str:
    """What is printed: the address to open, but for a token that is kept: its words may end in a journal."""
    if token_file is None:
        return f"Open {address}"
    return f"Open {address.partition('#')[0]}#token=TOKEN; the token is in {token_file}."


def kept_token(path: Path) -> str:
    """The token of a file that its owner alone may read (mode 0600), made up and written the first time.

    Raises `ConfigError` if the file is someone else's, or not as Lintel wrote it.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{token}\n")
    except OSError as error:
        raise ConfigError(
            f"The token can't be kept in {path}: {in_words(error)}.", hint="Name a file in a folder of this user."
        ) from None
    return token


def _read(path: Path) -> str:
    """Raises `FileNotFoundError`, `ConfigError`."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="ascii") as file:
            found, content = os.fstat(file.fileno()), file.read(200).strip()
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The token in {path} can't be read: {error}.", hint=f"Delete it: rm {path}") from None
    is_own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    if not is_own or not _TOKEN.fullmatch(content):
        raise ConfigError(
            f"{path} isn't a token that this user alone can read, as Lintel writes it.",
            hint=f"Delete it, and Lintel makes up another one: rm {path}",
        )
    return content
