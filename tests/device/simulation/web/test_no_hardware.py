"""Nothing on the page can reach real GPIO: neither by what is imported, nor by what the process opens."""

import subprocess
import sys

IMPORTS = """
import sys
import device.cli.simulation_page, device.simulation.web.app, device.simulation.web.opening, device.web.serving
from device.settings.tables import Settings
with device.simulation.web.opening.Worlds(None, Settings())("") as stage:
    stage.player.advance(0.1)
    import os
    opened = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    harmless = ("/dev/null", "/dev/urandom", "/dev/shm/")
    bad = [path for path in opened if path.startswith("/dev/") and not path.startswith(harmless)]
    drivers = {"lgpio", "RPi", "pigpio", "gpiod", "smbus", "spidev"}
    loaded = sorted(drivers & {name.partition(".")[0] for name in sys.modules})
    print(bad, loaded)
"""


def test_process_of_a_page_opens_no_device_and_loads_no_driver() -> None:
    """With a world whose doors are in operation."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stdout == "[] []\n"
