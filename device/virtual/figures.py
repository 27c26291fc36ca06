"""Who or what is in front of a virtual camera: a person or a picture of one, where, how lit, and how it moves."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=60)]


class Thing(StrEnum):
    """What a figure is made of."""

    PORTRAIT = "portrait"
    """The photograph itself with soft borders: a person who never turns."""
    PERSON = "person"
    """A head with its depth, cut out of the photograph."""
    CLIP = "clip"
    """A recording of a person at a door, which fills the camera's view as if they stood there."""
    PRINT = "print"
    BENT_PRINT = "bent-print"
    """Bent around a vertical axis, as around a face."""
    CUT_OUT = "cut-out"
    """A print, flat, cut along the person's outline: it hides nothing of the room beside the head."""
    PHONE = "phone"
    PHONE_LANDSCAPE = "phone-landscape"
    MONITOR = "monitor"
    """A large screen; with `size = 1` and more it fills the camera's view."""


class Room(StrEnum):
    """What is behind the figures."""

    WALL = "wall"
    """Plain, so that nothing can be known again."""
    HALL = "hall"
    OFFICE = "office"


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A table in a scenario's file."""


class Place(Table, frozen=True):
    """Where a figure stands: its center from the left, from the top, and its height, as shares of the picture's
    size. The height is the photograph's, whatever frame is around it.
    """

    x: Share = 0.5
    y: Share = 0.55
    size: Annotated[float, msgspec.Meta(ge=0.05, le=3)] = 0.9


class Figure(Table, frozen=True):
    """A person in front of the camera, or a picture of one: moves from one place to another, is lit, and turns."""

    image: str
    thing: Thing = msgspec.field(default=Thing.PORTRAIT, name="as")
    start: Place = msgspec.field(default=Place(), name="from")
    end: Place = msgspec.field(default=Place(), name="to")
    walk_s: Seconds = 0.0
    light: Annotated[float, msgspec.Meta(ge=0, le=3)] = 1.0
    blur_px: Annotated[float, msgspec.Meta(ge=0, le=50)] = 0.0
    turns: Literal["never", "when-asked", "left", "right"] = "never"
    """Whether the person turns the head, or the attacker what is held; left and right as seen from the person."""
    turn_at_s: Seconds = 1.0
    """When, if it is not when asked."""
    turn_deg: Annotated[float, msgspec.Meta(ge=0, le=60)] = 45.0
    plays: Literal["still", "turning"] = "still"
    """What a screen shows: a face that looks ahead, or one that turns to both sides all the time."""
    left_at_s: Seconds | None = None
    """When in a clip the person begins to turn to their left; None if they do not."""
    right_at_s: Seconds | None = None
    bend_deg: Annotated[float, msgspec.Meta(ge=0, le=150)] = 60.0
    """The angle of the arc that a bent print makes."""
    shake_px: Annotated[float, msgspec.Meta(ge=0, le=50)] = 2.0
    """How far the hand that holds a picture shakes."""
