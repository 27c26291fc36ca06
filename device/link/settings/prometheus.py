"""The settings of the metrics."""

from typing import Annotated

from msgspec import Meta

from device.settings.lock import Group
from device.settings.tables import Printable


class PrometheusSettings(Group, frozen=True, kw_only=True):
    """Figures for Prometheus: an endpoint, a file, or both. They never name anyone."""

    port: Annotated[int, Meta(ge=0, le=65535, description="port of the endpoint; 0: none")] = 0
    listen: Annotated[
        Printable,
        Meta(
            min_length=1,
            max_length=64,
            description="address that the endpoint listens at; all who reach it can read when people come",
        ),
    ] = "127.0.0.1"
    textfile: Annotated[
        Printable,
        Meta(description="folder of node_exporter's textfile collector, for a file `lintel.prom`; empty: none"),
    ] = ""
