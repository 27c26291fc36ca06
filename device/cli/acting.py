"""Who acts in this process, for the audit: an operator whom the service named, or whoever started it, directly."""

import os
from collections.abc import Iterable
from dataclasses import replace

from device.control.peers import Credentials, login_uid
from device.control.roles import Roles
from device.control.roster import Roster
from device.records import Operator, Role


class Acting:
    """For whom this process acts."""

    def __init__(self) -> None:
        self._served = ""
        self._roles = frozenset({Role.ADMIN})
        self._is_named: bool | None = None
        self.people: frozenset[int] = frozenset()
        """The users that may be behind the operator whom the service named; none if that is no person."""
        self.is_logged_in = False
        """Whether the kernel knows who logged in. Else the user may be one that another person became."""

    @property
    def sure_people(self) -> frozenset[int]:
        """The same, as far as they are all that may be behind the operator: none without a login."""
        return self.people if self.is_logged_in else frozenset()

    @property
    def is_served(self) -> bool:
        """Whether the service has started this process for an operator."""
        return bool(self._served)

    def serve(self, by: str, roles: Iterable[Role], people: Iterable[int]) -> None:
        """From here on for the operator that the service named, with these roles; `people` as the attribute."""
        self._served, self.people = by, frozenset(people)
        self._is_named = bool(self.people)
        self._roles = frozenset(roles)

    def may(self, roles: Roles) -> bool:
        """Whether the operator has one of these roles; directly, whoever can open the store is an admin."""
        return not self._roles.isdisjoint(roles)

    @property
    def is_named(self) -> bool:
        """Whether the operator is a person, as `Operator.is_named`."""
        return myself().is_named if self._is_named is None else self._is_named

    @property
    def by(self) -> str:
        """The operator in the audit's words."""
        return self._served or myself().words


ACTING = Acting()
"""Of this process; it begins as whoever started it."""


def myself() -> Operator:
    """Whoever started this process, as the kernel knows them; an admin, where they can open the store at all."""
    roster = Roster()
    roster.look_up()
    found = roster.operator(Credentials(os.getuid(), login_uid=login_uid("self")))
    return replace(found, roles=frozenset({Role.ADMIN}), is_direct=True)
