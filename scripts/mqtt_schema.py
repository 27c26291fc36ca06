"""Writes docs/mqtt.schema.json from the code: what is published at the broker. `make docs` runs it."""

import json
import sys
from pathlib import Path

import msgspec

from device.link.mqtt.payloads import EventPayload, StatePayload, VersionPayload

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "mqtt.schema.json"
PAYLOADS = (EventPayload, StatePayload, VersionPayload)


def schema() -> str:
    """The schema of each payload, in one file."""
    references, definitions = msgspec.json.schema_components(PAYLOADS, ref_template="#/$defs/{name}")
    said = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What Lintel publishes by MQTT",
        "oneOf": list(references),
        "$defs": definitions,
    }
    return json.dumps(said, indent=2) + "\n"


def main() -> int:
    """Writes the file."""
    TARGET.write_text(schema(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
