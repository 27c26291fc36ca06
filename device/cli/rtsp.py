"""`lintel rtsp`: what the unit lintel-rtsp@NAME.service runs."""

import click

from device.cli.context import settings_of
from device.terminal import say


@click.command(
    epilog="Exit codes: 0 stopped on request, 3 settings, 6 no address of the camera, or no folder for the socket."
)
@click.argument("name")
@click.pass_context
def rtsp(context: click.Context, name: str) -> None:
    """Pass a network camera's pictures on to the doors.

    NAME is that of a camera with `source = "rtsp:NAME"` in the settings. The unit lintel-rtsp@NAME.service runs this,
    as a user of its own, so that the doors need no network; it has no use at a terminal. The camera's address, with its
    password, is the unit's credential `address`.
    """
    from device.cameras.rtsp.address import address_of_environment
    from device.cameras.rtsp.relay import relay
    from device.clock import Stop, SystemClock
    from device.errors import ConfigError
    from device.settings.cameras import RELAYED
    from device.signals import stopped_by_signals

    cameras = {camera.source: camera for camera in settings_of(context).cameras}
    settings = cameras.get(f"{RELAYED}{name}")
    if settings is None:
        raise ConfigError(
            f'No camera has `source = "{RELAYED}{name}"`.',
            hint="Add one under [[cameras]] in the settings, or disable the unit.",
        )
    address, stop = address_of_environment(), Stop()
    with stopped_by_signals(stop):
        relay(settings, address, SystemClock(stop), say)
