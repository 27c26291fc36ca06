"""All checks, room by room."""

from tests.rig import (
    checks_badges,
    checks_cameras,
    checks_clocks,
    checks_control,
    checks_csi,
    checks_doors,
    checks_enrollment,
    checks_exits,
    checks_looking,
    checks_network,
    checks_outputs,
    checks_pad,
    checks_parts,
    checks_quality,
    checks_readers,
    checks_store,
    checks_turns,
    checks_visits,
)
from tests.rig.checks import Check

ALL: tuple[Check, ...] = (
    *checks_exits.CHECKS,
    *checks_doors.CHECKS,
    *checks_cameras.CHECKS,
    *checks_csi.CHECKS,
    *checks_network.CHECKS,
    *checks_parts.CHECKS,
    *checks_readers.CHECKS,
    *checks_store.CHECKS,
    *checks_clocks.CHECKS,
    *checks_control.CHECKS,
    *checks_badges.CHECKS,
    *checks_visits.CHECKS,
    *checks_looking.CHECKS,
    *checks_enrollment.CHECKS,
    *checks_quality.CHECKS,
    *checks_outputs.CHECKS,
    *checks_pad.CHECKS,
    *checks_turns.CHECKS,
)
