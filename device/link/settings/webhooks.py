"""The settings of webhooks."""

from typing import Annotated

from msgspec import Meta

from device.link.settings.common import IntegrationSettings
from device.link.webhooks.bodies import Template
from device.settings.tables import Printable

Secret = Annotated[Printable, Meta(max_length=1000)]
Words = tuple[Annotated[str, Meta(max_length=64)], ...]


class WebhookSettings(IntegrationSettings, frozen=True, kw_only=True):
    """Where events are sent as requests over HTTPS, one table for each receiver."""

    name: Annotated[
        str,
        Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="name of the webhook, in `lintel link status`"),
    ]
    url: Annotated[
        Printable, Meta(description="address of the receiver; of ntfy with its topic, of Matrix up to the event's type")
    ] = ""
    url_secret: Annotated[
        Secret,
        Meta(
            description="credential or file that has the address instead, where it is a secret itself as that of Slack"
        ),
    ] = ""
    template: Annotated[
        Template,
        Meta(
            description="what is sent: `lintel`, the event as data; or a message for `ntfy`, `slack` (and Mattermost), "
            "`discord`, `matrix`"
        ),
    ] = "lintel"
    secret: Annotated[
        Secret,
        Meta(
            description="credential or file of the signing secret, or of two while one takes the place of the other; "
            "needed with the template `lintel`"
        ),
    ] = ""
    token: Annotated[Secret, Meta(description="credential or file of a token that ntfy or Matrix asks for")] = ""
    events: Annotated[
        Words,
        Meta(
            description="what is sent: events of the audit, `granted`, `denied`, `alarms`, `troubles`, `duress`; "
            "empty: everything, with duress as any other grant"
        ),
    ] = ()
    timeout_s: Annotated[
        float, Meta(ge=1, le=30, description="longest time from a request to the end of its answer, seconds")
    ] = 15.0
    ca_file: Annotated[
        Printable, Meta(description="certificates of the authority of the receiver; empty: the system's")
    ] = ""
    plain: Annotated[
        bool, Meta(description="true for http:// to another machine: everyone on the way can read it then")
    ] = False
