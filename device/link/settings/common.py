"""What the settings of each integration have in common."""

from typing import Annotated

from msgspec import Meta

from device.settings.lock import Group


class IntegrationSettings(Group, frozen=True, kw_only=True):
    """One integration."""

    names: Annotated[
        bool,
        Meta(description="true to send the names of people and operators, and badges; the link needs the role auditor"),
    ] = False
