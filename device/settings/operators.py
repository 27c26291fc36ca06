"""Operators of the settings: which users and groups of the system have which role."""

from typing import Annotated

from msgspec import Meta

from device.records import Role
from device.settings.lock import Group

Account = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?)?$")]


class OperatorSettings(Group, frozen=True, kw_only=True):
    """Who may do what while the service runs, one table for each user or group; root and the service's user may do
    everything. Without any, whoever is in the service's group is a guard.
    """

    login: Annotated[Account, Meta(description="name of a user of the system")] = ""
    group: Annotated[Account, Meta(description="name of a group of the system, in place of `login`")] = ""
    role: Annotated[Role, Meta(description="what they may do; another table gives another role")]


def refuse_operators(operators: tuple[OperatorSettings, ...]) -> None:
    """Raises `ValueError` with the place of one that names nobody, or two at once."""
    for number, one in enumerate(operators):
        if bool(one.login) == bool(one.group):
            said = "both" if one.login else "neither"
            raise ValueError(f"expected `login` or `group`, received {said} - at `operators[{number}]`")
