"""Who operates the doors: people whom the kernel names, and what their roles let them do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an operator may do; one operator may have several."""

    ADMIN = "admin"
    ENROLLER = "enroller"
    AUDITOR = "auditor"
    GUARD = "guard"
    LINK = "link"
    WATCH = "watch"


ROLE_MEANINGS = {
    Role.ADMIN: "everything: settings of the house, keys, policy, backups and whatever the others may",
    Role.ENROLLER: "people, badges, references, PINs; not the audit and no door",
    Role.AUDITOR: "reads the audit with names, badges and duress, verifies and exports it; changes nothing",
    Role.GUARD: "commands the doors, acknowledges alarms, watches without names, badges or duress",
    Role.LINK: "the process `lintel link`: sees the doors and what happens there, duress too, without names or badges",
    Role.WATCH: "the unit of `lintel watch --web`: sees the doors and what happens, without names, badges or duress",
}
"""One clause for each, for the docs."""
DIRECTLY = "directly"
"""Who did it in a row that was written without the service: the store's files let no one else in."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who asks, by the kernel's word alone. Roles come from the user and its groups, never from the login."""

    uid: int
    roles: frozenset[Role] = frozenset()
    name: str = ""
    """The user's name; "" if it isn't known."""
    login_uid: int | None = None
    """Who logged in, whatever `su` and `sudo` made of them since; None without a login, as in a service."""
    login: str = ""
    """The name of that user."""
    is_direct: bool = False
    """Whether this is without the service: file permissions alone decide then."""

    @property
    def words(self) -> str:
        """The operator for the audit: `anna`, `root (login anna)`, `user 1003 (no login)`."""
        who = _named(self.uid, self.name)
        if self.login_uid is None:
            who = f"{who} (no login)"
        elif self.login_uid != self.uid:
            who = f"{who} (login {_named(self.login_uid, self.login)})"
        return f"{who}, {DIRECTLY}" if self.is_direct else who

    @property
    def is_named(self) -> bool:
        """Whether this is a person: a user of their own, or root whom somebody logged in to become."""
        return self.uid != 0 or self.login_uid not in (None, 0)

    def has(self, *roles: Role) -> bool:
        """Whether one of these is theirs; an admin has them all."""
        return Role.ADMIN in self.roles or not self.roles.isdisjoint(roles)


def _named(uid: int, name: str) -> str:
    return name or ("root" if uid == 0 else f"user {uid}")
