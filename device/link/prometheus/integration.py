"""From the settings of the metrics to their wire."""

from collections.abc import Iterator
from pathlib import Path

from device.errors import DependencyMissing
from device.link.settings.tables import LinkSettings
from device.link.wires import Integration
from device.packages import install_hint, installed_version


def prometheus(settings: LinkSettings) -> Iterator[Integration]:
    """One, where there is a port or a folder. Raises `DependencyMissing`."""
    said = settings.prometheus
    if not said.port and not said.textfile:
        return
    try:
        from device.link.prometheus.wire import NAME, PrometheusWire
    except ModuleNotFoundError:
        raise DependencyMissing("Metrics need the package prometheus-client.", hint=install_hint("link")) from None
    wire = PrometheusWire(
        listen=said.listen if said.port else "",
        port=said.port,
        textfile=Path(said.textfile) if said.textfile else None,
        version=installed_version(),
    )
    yield Integration(NAME, wire)
