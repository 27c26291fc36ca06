"""Who stands in front of a virtual camera: a picture, where it is and how it is lit."""

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=60)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table in a scenario's file."""


class Place(Table, frozen=True):
    """Where a figure stands: its center from the left, from the top, and its height, as shares of the picture's
    size.
    """

    x: Share = 0.5
    y: Share = 0.55
    size: Annotated[float, msgspec.Meta(ge=0.05, le=3)] = 0.9


class Figure(Table, frozen=True):
    """A person in front of the camera: a picture that moves from one place to another and is lit."""

    image: str
    start: Place = msgspec.field(default=Place(), name="from")
    end: Place = msgspec.field(default=Place(), name="to")
    walk_s: Seconds = 0.0
    light: Annotated[float, msgspec.Meta(ge=0, le=3)] = 1.0
    blur_px: Annotated[float, msgspec.Meta(ge=0, le=50)] = 0.0
