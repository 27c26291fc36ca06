"""The house's figures for Prometheus: an endpoint, or a file for node_exporter."""
