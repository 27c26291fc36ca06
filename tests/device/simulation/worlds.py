"""Worlds without faces, for tests of how they go on: cheap, and full of what can happen."""

from hypothesis import strategies as st

from device.records import DoorCommand, DoorInput, Line
from device.simulation.scenario import Happening

PLAIN = """
title = "Two people with PINs"
[settings]
[[settings.doors]]
name = "main"
mode = "badge+pin"
[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
pin = "471147"
[[step]]
title = "Her badge and PIN"
badge = "17:1001"
keys = "471147#"
expect = { outcome = "granted", strike = "released" }
[[step]]
title = "An unknown badge"
badge = "17:9999"
expect = { reason = "badge-unknown" }
[[step]]
title = "Forced, and closed again"
lasts_s = 3.0
expect = { events = ["door-forced"] }
[[step.happen]]
at_s = 0.5
input = "dps"
[[step.happen]]
at_s = 1.5
input = "dps"
line = "quiet"
"""

ACTS = st.sampled_from(
    [
        Happening(badge="17:1001"),
        Happening(badge="17:1001", lasts_s=0.5),
        Happening(badge="17:9999"),
        Happening(badge="17:1001", via="wiegand", flip=(5,)),
        Happening(keys="471147#"),
        Happening(keys="99"),
        Happening(input=DoorInput.DPS),
        Happening(input=DoorInput.DPS, line=Line.QUIET),
        Happening(input=DoorInput.REX),
        Happening(command=DoorCommand.RELEASE),
        Happening(command=DoorCommand.LOCKDOWN),
        Happening(command=DoorCommand.CLEAR),
        Happening(relay="broken"),
        Happening(relay="mended"),
        Happening(disk="full"),
        Happening(disk="works"),
        Happening(clock_step_s=3600.0),
        Happening(revoke="17:1001"),
        Happening(view=()),
        Happening(camera="dead"),
    ]
)
SCRIPTS = st.lists(st.tuples(st.integers(1, 300), ACTS), max_size=6)
"""What is done, and for how long is waited before it, in hundredths of a second."""
