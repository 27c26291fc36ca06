"""What one operator can't do alone."""

from typing import Annotated, Literal

from msgspec import Meta

from device.settings.lock import Group


class TwoPersonSettings(Group, frozen=True):
    """Commands that wait until a second named admin has confirmed them; none by default."""

    commands: Annotated[
        tuple[Literal["erase", "keys rotate", "audit cut"], ...],
        Meta(
            description="those commands: `erase` is `lintel people remove`, and `audit cut` is one by `--before`, as "
            "without it the settings say how much goes"
        ),
    ] = ()
    directly: Annotated[
        bool,
        Meta(
            description="whether root and the service's user may do them alone while the service does not run: the row "
            "says `directly` then"
        ),
    ] = False
