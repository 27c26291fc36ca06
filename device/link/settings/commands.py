"""Settings of commands that come from the broker. The door's own settings have to allow them too."""

from typing import Annotated, Literal

from msgspec import Meta

from device.settings.lock import Group


class CommandSettings(Group, frozen=True, kw_only=True):
    """Which commands are carried from the broker of [link.mqtt] to the doors; docs/remote-commands.md has the risks."""

    signed: Annotated[bool, Meta(description="whether to carry signed commands")] = False
    home_assistant: Annotated[
        Literal["off", "code", "button"],
        Meta(description="whether Home Assistant gets a lock that asks for a code, and with `button` one without too"),
    ] = "off"

    @property
    def are_on(self) -> bool:
        """Whether any are carried."""
        return self.signed or self.home_assistant != "off"
