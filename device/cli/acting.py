"""Who acts in this process, for the audit: an operator whom the service named, or whoever started it, directly."""

import os
from dataclasses import replace

from device.control.peers import Credentials, login_uid
from device.control.roster import Roster
from device.records import Operator, Role


class Acting:
    """For whom this process acts."""

    def __init__(self) -> None:
        self._served = ""

    @property
    def is_served(self) -> bool:
        """Whether the service has started this process for an operator."""
        return bool(self._served)

    def serve(self, by: str) -> None:
        """From here on for the operator that the service named."""
        self._served = by

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
