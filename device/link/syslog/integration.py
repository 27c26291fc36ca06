"""From the settings of syslog to its wire."""

import os
import socket
import ssl
from collections.abc import Iterator

from device.link.chosen import refuse_unknown
from device.link.secrets import secret_of
from device.link.settings.syslog import PORTS, SyslogSettings
from device.link.settings.tables import LinkSettings
from device.link.syslog.format import Look
from device.link.syslog.line import DatagramLine, StreamLine, SyslogLine
from device.link.syslog.wire import NAME, SyslogWire
from device.link.tls import trusting
from device.link.wires import Integration
from device.packages import installed_version


def syslog(settings: LinkSettings) -> Iterator[Integration]:
    """One, where a host is named. Raises `ConfigError`."""
    said = settings.syslog
    if not said.host:
        return
    refuse_unknown(said.events, "[link.syslog]")
    look = Look(said.format, said.facility, said.hostname or socket.gethostname(), said.enterprise, installed_version())
    yield Integration(NAME, SyslogWire(_line(said), look, frozenset(said.events)), names=said.names)


def _line(settings: SyslogSettings) -> SyslogLine:
    port = settings.port or PORTS[settings.transport]
    match settings.transport:
        case "tls":
            return StreamLine(settings.host, port, _context(settings))
        case "tcp":
            return StreamLine(settings.host, port)
        case "udp":
            return DatagramLine(settings.host, port)


def _context(settings: SyslogSettings) -> ssl.SSLContext:
    """The key is refused where others may read it, as any secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    key = settings.key_secret
    if key:
        secret_of(key)
    if key and not key.startswith("/"):
        key = os.path.join(os.environ.get("CREDENTIALS_DIRECTORY", ""), key)  # noqa: PTH118
    return trusting(context, ca_file=settings.ca_file, cert_file=settings.cert_file, key_file=key)
