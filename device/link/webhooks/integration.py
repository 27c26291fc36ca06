"""From the settings of webhooks to their wires."""

from collections.abc import Iterator

from device.errors import ConfigError
from device.link.chosen import refuse_unknown
from device.link.secrets import secret_of
from device.link.settings.tables import LinkSettings
from device.link.settings.webhooks import WebhookSettings
from device.link.webhooks.address import Address, address_of
from device.link.webhooks.posting import Poster
from device.link.webhooks.signing import keys_in
from device.link.webhooks.wire import Webhook, WebhookWire
from device.link.wires import Integration
from device.packages import installed_version


def webhooks(settings: LinkSettings) -> Iterator[Integration]:
    """One for each webhook. Raises `ConfigError`."""
    for one in settings.webhooks:
        webhook = _webhook(one)
        poster = Poster(webhook.address, timeout_s=one.timeout_s, ca_file=one.ca_file)
        wire = WebhookWire(webhook, poster)
        yield Integration(wire.name, wire, names=one.names)


def _webhook(settings: WebhookSettings) -> Webhook:
    where = f"webhook {settings.name}"
    refuse_unknown(settings.events, where)
    if settings.template == "lintel" and not settings.secret:
        raise ConfigError(
            f"The {where} has no `secret`, and what isn't signed may be anyone's.",
            hint="Make one: `lintel link webhook-secret FILE`, and name the file.",
        )
    return Webhook(
        settings.name,
        _address(settings, where),
        settings.template,
        keys_in(secret_of(settings.secret).text, f"The secret of {where}") if settings.secret else (),
        secret_of(settings.token).text if settings.token else "",
        frozenset(settings.events),
        installed_version(),
    )


def _address(settings: WebhookSettings, where: str) -> Address:
    if bool(settings.url) == bool(settings.url_secret):
        raise ConfigError(
            f"The {where} needs one of `url` and `url_secret`.", hint="`url_secret` is for an address to keep secret."
        )
    url = settings.url or secret_of(settings.url_secret).text
    address = address_of(url, where, in_the_clear=settings.plain)
    if settings.template == "ntfy" and not address.path.partition("?")[0].strip("/"):
        raise ConfigError(f"The address of {where} has no topic.", hint="For example `https://ntfy.sh/my-doors`.")
    return address
