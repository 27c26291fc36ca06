"""The settings of syslog."""

from typing import Annotated, Literal

from msgspec import Meta

from device.link.settings.common import IntegrationSettings
from device.link.settings.webhooks import Secret, Words
from device.link.syslog.format import EXAMPLE_ENTERPRISE, Facility, Form
from device.settings.tables import Printable

Transport = Literal["tls", "tcp", "udp"]
PORTS: dict[Transport, int] = {"tls": 6514, "tcp": 601, "udp": 514}
"""By RFC 5425, RFC 3195 and RFC 5426."""


class SyslogSettings(IntegrationSettings, frozen=True, kw_only=True):
    """A receiver of syslog, or a SIEM."""

    host: Annotated[Printable, Meta(description="name or address of the receiver; empty: none", max_length=255)] = ""
    port: Annotated[
        int, Meta(ge=0, le=65535, description="its port; 0: 6514 with `tls`, 601 with `tcp`, 514 with `udp`")
    ] = 0
    transport: Annotated[
        Transport,
        Meta(description="`tls`; `tcp`, which others can read and change; `udp`, which loses messages besides"),
    ] = "tls"
    format: Annotated[
        Form, Meta(description="behind the head of RFC 5424: words and structured data (`rfc5424`), or `cef` too")
    ] = "rfc5424"
    facility: Annotated[Facility, Meta(description="facility of the messages")] = "authpriv"
    hostname: Annotated[
        Printable, Meta(description="name of this machine in the messages; empty: its own", max_length=255)
    ] = ""
    enterprise: Annotated[
        int,
        Meta(ge=1, le=2**32 - 1, description="private enterprise number behind `lintel@`; the default is for examples"),
    ] = EXAMPLE_ENTERPRISE
    events: Annotated[Words, Meta(description="as those of a webhook")] = ()
    ca_file: Annotated[
        Printable, Meta(description="certificates of the authority of the receiver; empty: the system's")
    ] = ""
    cert_file: Annotated[
        Printable, Meta(description="certificate of the link, where the receiver asks for one, in PEM form")
    ] = ""
    key_secret: Annotated[Secret, Meta(description="credential or file of that certificate's key, in PEM form")] = ""
