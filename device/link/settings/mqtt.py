"""Settings of the MQTT broker that events go to."""

from typing import Annotated

from msgspec import Meta

from device.link.settings.common import IntegrationSettings
from device.settings.lock import Name

SecretName = Annotated[str, Meta(pattern=r"^(/[^\x00-\x1f\x7f]{1,250}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$")]
FilePath = Annotated[str, Meta(pattern=r"^(/[^\x00-\x1f\x7f]{1,250})?$")]
Prefix = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class MqttSettings(IntegrationSettings, frozen=True, kw_only=True):
    """A broker: events and states of all doors, and Home Assistant's discovery."""

    host: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.:%-]{0,253}$",
            description="name or address of the broker, as in its certificate; empty: no broker",
        ),
    ] = ""
    port: Annotated[int, Meta(ge=0, le=65535, description="its port; 0: 8883 with TLS, 1883 without")] = 0
    tls: Annotated[bool, Meta(description="false only for a broker on this Pi, or with `i_accept_plain_text`")] = True
    i_accept_plain_text: Annotated[
        bool, Meta(description="true if anyone in that network may read and forge what is published, password included")
    ] = False
    ca_file: Annotated[
        FilePath, Meta(description="certificate of the broker's authority; empty: the system's authorities")
    ] = ""
    cert_file: Annotated[FilePath, Meta(description="the link's own certificate, if the broker asks for one")] = ""
    cert_key: Annotated[
        SecretName, Meta(description="its key: name of a credential of the unit, or path of a file with mode 0600")
    ] = ""
    user: Annotated[
        str, Meta(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$", description="user name at the broker; empty: none")
    ] = ""
    password: Annotated[
        SecretName, Meta(description="its password: name of a credential of the unit, or path of a file with mode 0600")
    ] = ""
    site: Annotated[Name, Meta(description="second level of each topic; doors' names are unique within it")] = "home"
    controller: Annotated[Name, Meta(description="this Pi's name; another one for each Pi of the site")] = "controller"
    keepalive_s: Annotated[
        int, Meta(ge=5, le=600, description="a link that is lost is `offline` after at most 1.5 times this, seconds")
    ] = 15
    home_assistant: Annotated[bool, Meta(description="whether to announce the doors to Home Assistant")] = True
    discovery_prefix: Annotated[Prefix, Meta(description="as it is set there")] = "homeassistant"
