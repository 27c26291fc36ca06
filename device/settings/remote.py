"""Settings of commands that come over the network: two ways in, each off until the owner allows it."""

from typing import Annotated, Literal

from msgspec import Meta

from device.settings.lock import Group


class RemoteSettings(Group, frozen=True):
    """Commands over the network, which the link carries to the doors; docs/remote-commands.md says what each risks."""

    signed: Annotated[bool, Meta(description="whether commands count that a client's key has signed")] = False
    home_assistant: Annotated[
        Literal["off", "code", "button"],
        Meta(
            description="Home Assistant's lock, weaker than a signature: `code` takes the code of a user; "
            "`button` also a button without a code, which the broker and the link can press too"
        ),
    ] = "off"
