"""Who has which role: the settings' operators, by numbers of users and groups that were looked up beforehand.

The thread that listens must not wait for a name service. So names are looked up in the background, now and again, and
what it asks is a table in memory.
"""

import grp
import os
import pwd
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from device.at_work import LATE_S, at_work
from device.control.peers import Credentials
from device.records import Operator, Role
from device.settings.operators import OperatorSettings

OVERFLOW_UID = 65534
"""What the kernel says of a user who is not known in the service's user namespace (user_namespaces(7))."""
REFRESH_S = 30.0
"""How often names are looked up again: a user added while the service runs needs no restart."""
PASSWD = Path("/etc/passwd")
MOST_NAMES = 10_000
_ADMIN = frozenset({Role.ADMIN})
_GUARD = frozenset({Role.GUARD})
LINK_USER = "lintel-link"
"""The user of the link's unit: it has the role `link` without any table, and no other one that no table gives."""
_LINK = frozenset({Role.LINK})
WATCH_USER = "lintel-watch"
"""The user of the monitor's unit: it has the role `watch` alone, whatever a table says."""
_WATCH = frozenset({Role.WATCH})


@dataclass(frozen=True, slots=True)
class Listed:
    """The settings' operators as numbers, and names for numbers."""

    users: dict[int, frozenset[Role]] = field(default_factory=dict)
    groups: dict[int, frozenset[Role]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Users and groups of the settings that the system doesn't have."""
    link: int | None = None
    """The link's user; None where there is none."""
    watch: int | None = None
    """The monitor's user; None where there is none."""


class Roster:
    """Tells who an operator is. `operator` waits for nothing, and may be asked by any thread."""

    def __init__(self, operators: Sequence[OperatorSettings] = ()) -> None:
        """Without operators, all who may connect are guards, as before there were roles."""
        self._operators = tuple(operators)
        here = {name: number for number, name in _names().items()}
        self._listed = Listed(link=here.get(LINK_USER), watch=here.get(WATCH_USER))
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, within_s: float = 1.0) -> None:
        """Looks names up in the background until `close`. Waits for the first time, but no longer than that."""
        first = threading.Event()

        def run() -> None:
            while not self._ended.is_set():
                with at_work(LATE_S):
                    self.look_up()
                first.set()
                self._ended.wait(REFRESH_S)

        self._thread = threading.Thread(target=run, name="roster", daemon=True)
        self._thread.start()
        first.wait(within_s)

    def close(self) -> None:
        """Looks nothing up any more; harmless when repeated."""
        self._ended.set()

    def look_up(self) -> None:
        """Looks all names up once. May take as long as a name service does."""
        self._listed = listed(self._operators)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Users and groups of the settings that the system doesn't have."""
        return self._listed.unknown

    def operator(self, peer: Credentials) -> Operator:
        """The operator with their roles; root and the service's own user are admins whatever the settings say."""
        known = self._listed
        return Operator(
            uid=peer.uid,
            roles=self._roles(peer, known),
            name=known.names.get(peer.uid, ""),
            login_uid=peer.login_uid,
            login="" if peer.login_uid is None else known.names.get(peer.login_uid, ""),
        )

    def _roles(self, peer: Credentials, known: Listed) -> frozenset[Role]:
        if owns(peer.uid):
            return _ADMIN
        if known.watch == peer.uid:
            return _WATCH
        if known.link == peer.uid:
            return _LINK | known.users.get(peer.uid, frozenset())
        if not self._operators:
            return _GUARD
        if peer.uid == OVERFLOW_UID:
            return frozenset()
        found = [known.users.get(peer.uid, frozenset()), *(known.groups.get(gid, frozenset()) for gid in peer.groups)]
        return frozenset[Role]().union(*found)


def owns(uid: int) -> bool:
    """Whether a user may read the store anyway: root, or the service's own."""
    return uid in (0, os.geteuid()) and uid != OVERFLOW_UID


def listed(operators: Sequence[OperatorSettings]) -> Listed:
    """The operators as numbers; those whom the system doesn't know are named."""
    users: dict[int, frozenset[Role]] = {}
    groups: dict[int, frozenset[Role]] = {}
    names, unknown = _names(), []
    for one in operators:
        number = _user(one.login) if one.login else _group(one.group)
        if number is None:
            unknown.append(one.login or one.group)
            continue
        table = users if one.login else groups
        table[number] = table.get(number, frozenset()) | {one.role}
        if one.login:
            names[number] = one.login
    return Listed(users, groups, names, tuple(unknown), _user(LINK_USER), _user(WATCH_USER))


def _user(name: str) -> int | None:
    with suppress(KeyError, OSError):
        return pwd.getpwnam(name).pw_uid
    return None


def _group(name: str) -> int | None:
    with suppress(KeyError, OSError):
        return grp.getgrnam(name).gr_gid
    return None


def _names() -> dict[int, str]:
    """Of this machine's own users, without asking a name service for all that it has. The first of a number counts."""
    names: dict[int, str] = {}
    with suppress(OSError):
        for line in PASSWD.read_text("utf-8", "replace").splitlines()[:MOST_NAMES]:
            name, _, number, *_ = [*line.split(":"), "", "", ""]
            if number.isdigit() and name and name.isprintable():
                names.setdefault(int(number), name)
    return names
