"""The one table of the link's settings: which integrations there are."""

from typing import Annotated

from msgspec import Meta

from device.link.settings.commands import CommandSettings
from device.link.settings.mqtt import MqttSettings
from device.link.settings.prometheus import PrometheusSettings
from device.link.settings.syslog import SyslogSettings
from device.link.settings.webhooks import WebhookSettings
from device.settings.lock import Group

AbsolutePath = Annotated[str, Meta(pattern=r"^(/[^\x00-\x1f\x7f]*)?$")]


class LinkSettings(Group, frozen=True, kw_only=True):
    """All integrations; one that is left out is not there."""

    socket: Annotated[AbsolutePath, Meta(description="the operators' socket of the door's service")] = (
        "/run/lintel/control.sock"
    )
    state_dir: Annotated[
        AbsolutePath, Meta(description="folder of the cursors; empty: the unit's, or the user's state folder")
    ] = ""
    mqtt: MqttSettings = MqttSettings()
    commands: CommandSettings = CommandSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    prometheus: PrometheusSettings = PrometheusSettings()
    syslog: SyslogSettings = SyslogSettings()


class LinkFile(Group, frozen=True, kw_only=True):
    """The file: one table, `[link]`."""

    link: LinkSettings = LinkSettings()
