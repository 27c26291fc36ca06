"""Which broker, and as whom: from the settings to what a connection needs, secrets read."""

import ipaddress
import os
import ssl
from dataclasses import dataclass

from device.errors import ConfigError
from device.failures import in_words
from device.link.secrets import Secret, secret_of
from device.link.settings.mqtt import MqttSettings

TLS_PORT = 8883
PLAIN_PORT = 1883


class TidySocket(ssl.SSLSocket):
    """Closes itself when the other side can't be trusted; paho-mqtt leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        """Raises `OSError`."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker, and as whom to connect."""

    host: str
    port: int
    keepalive_s: int
    context: ssl.SSLContext | None
    """None without TLS."""
    user: str = ""
    password: Secret | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.host}:{self.port}"


def refuse_contradictions(settings: MqttSettings) -> None:
    """Raises `ConfigError` for settings that do not fit together."""
    if not settings.tls and not settings.i_accept_plain_text and not is_own(settings.host):
        raise ConfigError(
            f"[link.mqtt] would speak to {settings.host} without TLS: anyone in between reads and forges it.",
            hint="Leave out `tls = false`, or set `i_accept_plain_text = true`.",
        )
    if settings.password and not settings.user:
        raise ConfigError("[link.mqtt] has a password without a user.", hint="Set `user`, or leave `password` out.")
    if bool(settings.cert_file) != bool(settings.cert_key):
        raise ConfigError("[link.mqtt] needs both `cert_file` and `cert_key`, or neither.", hint="Set both.")
    if not settings.tls and (settings.ca_file or settings.cert_file):
        raise ConfigError(
            "[link.mqtt] has certificates, and `tls = false`.", hint="Leave out `tls = false`, or the certificates."
        )


def is_own(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def broker_of(settings: MqttSettings) -> Broker:
    """The broker of the settings. Raises `ConfigError` for a secret or a certificate that can't be used."""
    return Broker(
        host=settings.host,
        port=settings.port or (TLS_PORT if settings.tls else PLAIN_PORT),
        keepalive_s=settings.keepalive_s,
        context=_context(settings) if settings.tls else None,
        user=settings.user,
        password=secret_of(settings.password) if settings.password else None,
    )


def _context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise ConfigError(
            f"Cannot use the certificate {settings.ca_file}: {in_words(error)}.",
            hint="Name the PEM file of the broker's authority as `ca_file` under [link.mqtt].",
        ) from None
    context.sslsocket_class = TidySocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file:
        _load_own(context, settings.cert_file, secret_of(settings.cert_key))
    return context


def _load_own(context: ssl.SSLContext, cert_file: str, key: Secret) -> None:
    """OpenSSL takes the key from a file alone: one in memory, so that the secret stays where it is kept."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.text.encode() + b"\n")
        file.flush()
        try:
            context.load_cert_chain(cert_file, f"/proc/self/fd/{descriptor}", password="")
        except OSError as error:
            raise ConfigError(
                f"Cannot use the certificate {cert_file} with its key: {in_words(error)}.",
                hint="Name a certificate in PEM as `cert_file`, and its key, not encrypted, as `cert_key`.",
            ) from None
