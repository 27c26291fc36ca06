"""All checks, room by room."""

from tests.rig import checks_cameras, checks_doors
from tests.rig.checks import Check

ALL: tuple[Check, ...] = (*checks_doors.CHECKS, *checks_cameras.CHECKS)
