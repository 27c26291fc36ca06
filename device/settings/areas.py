"""Settings of areas that doors lead to, and of what a door demands of two people."""

from typing import Annotated, Literal

from msgspec import Meta

from device.settings.lock import Group, Name

GroupName = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
AreaName = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9-]{0,31})?$")]


class AreaSettings(Group, frozen=True):
    """A place that doors lead to, one table for each."""

    name: Annotated[Name, Meta(description="name of the area, to which the doors' `leads_to` and `leads_from` refer")]
    most: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(description="how many people may be in it; one more is refused at the way in; left out: any number"),
    ] = None
    reset_after_h: Annotated[
        float, Meta(gt=0, le=720, description="after how many hours a person's place counts as unknown")
    ] = 12.0
    amnesty: Annotated[
        str,
        Meta(
            pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$",
            description="time of day at which all places count as unknown, as `04:00`; empty: none",
        ),
    ] = ""
    zone: Annotated[
        str, Meta(max_length=64, description="time zone of the amnesty, as `Europe/Berlin`; empty: the system's own")
    ] = ""
    bypass: Annotated[
        tuple[GroupName, ...],
        Meta(description="groups of people that anti-passback and the number of people do not hold for"),
    ] = ()


class CustodySettings(Group, frozen=True):
    """What a door demands of two people together."""

    dual: Annotated[
        bool, Meta(description="true if two people have to show who they are, one after the other, at one reader")
    ] = False
    within_s: Annotated[
        float,
        Meta(
            ge=5,
            le=120,
            description="longest time from the first person's verdict to the second's badge, seconds",
        ),
    ] = 15.0
    approvers: Annotated[
        GroupName, Meta(description="group that one of the two has to be in; empty: none is needed")
    ] = ""
    approval: Annotated[
        Literal["one", "last"],
        Meta(description="which of them has to be in that group: `one` of the two, or the `last`"),
    ] = "one"
    visitors: Annotated[
        GroupName,
        Meta(description="group whose members come in with a host alone, the visitor's badge first; empty: none"),
    ] = ""
    hosts: Annotated[
        GroupName, Meta(description="group of those who may be hosts; empty: everyone who is not a visitor")
    ] = ""
