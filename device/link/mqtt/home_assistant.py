"""Home Assistant's device discovery: each door is a device, read only. No `lock`: that entity needs a command topic.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, which Home Assistant has from 2024.12 on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from device.link.mqtt.payloads import Message
from device.link.mqtt.topics import OFFLINE, ONLINE, AccessType, Topics
from device.records import DoorInput, DoorState, DoorStatus

Component = Mapping[str, object]
More = Callable[[str], Mapping[str, Component]]
"""Components for a door, by its name."""
WIRED = {"door": DoorInput.DPS, "tamper": DoorInput.TAMPER}
"""Components of doors that have the input."""


def nothing_more(_door: str) -> Mapping[str, Component]:
    """No component."""
    return {}


@dataclass(frozen=True, slots=True)
class Discovery:
    """What announces the doors of one controller under a prefix, `homeassistant` unless it was changed there.

    `more` gives components of other parts of the link for a door, by their names: commands, where they are allowed.
    """

    topics: Topics
    version: str
    prefix: str = "homeassistant"
    more: More = nothing_more

    @property
    def status(self) -> str:
        """Where Home Assistant says `online` after a start: it wants to be told of all devices then."""
        return f"{self.prefix}/status"

    def announced(self, door: DoorStatus) -> Message:
        """The door as a device with its entities; retained, so that Home Assistant finds it whenever it starts."""
        device = f"lintel_{self.topics.site}_{door.door}"
        said = {
            "dev": {
                "ids": [device],
                "name": f"Door {door.door}",
                "mf": "Lintel",
                "mdl": "Door controller",
                "sw": self.version,
            },
            "o": {"name": "Lintel", "sw": self.version},
            "avty": [{"t": topic} for topic in (self.topics.link, self.topics.available(door.door))],
            "avty_mode": "all",
            "pl_avail": ONLINE,
            "pl_not_avail": OFFLINE,
            "qos": 1,
            "cmps": {
                name: {"uniq_id": f"{device}_{name}", "obj_id": f"{device}_{name}", **component}
                for name, component in self._components(door).items()
            },
        }
        return Message(self._config(door.door), msgspec.json.encode(said), retain=True)

    def removed(self, door: str) -> Message:
        """The door is no more: Home Assistant drops the device and its entities."""
        return Message(self._config(door), b"", retain=True)

    def _config(self, door: str) -> str:
        return f"{self.prefix}/device/lintel_{self.topics.site}_{door}/config"

    def _components(self, door: DoorStatus) -> dict[str, Component]:
        state, wired = self.topics.state(door.door), {wire for wire, _ in door.lines}
        components: dict[str, Component] = {
            "lock": _sensor("Lock", "lock", state, "released"),
            "door": _sensor(None, "door", state, "open"),
            "tamper": _sensor("Tamper", "tamper", state, "tamper") | _DIAGNOSTIC,
            "problem": _sensor("Problem", "problem", state, "problem") | {"json_attr_t": state} | _DIAGNOSTIC,
            "evacuation": _sensor("Evacuation", "safety", state, "evacuation") | {"ic": "mdi:exit-run"},
            "lockdown": _sensor("Lockdown", "safety", state, "lockdown") | {"ic": "mdi:shield-lock"},
            "access": {
                "p": "event",
                "name": "Access",
                "ic": "mdi:badge-account-horizontal",
                "stat_t": self.topics.every_access(door.door),
                "evt_typ": [str(one) for one in AccessType],
            },
            "state": {
                "p": "sensor",
                "name": "State",
                "ic": "mdi:door",
                "dev_cla": "enum",
                "ops": [str(one) for one in DoorState],
                "stat_t": state,
                "val_tpl": "{{ value_json.state }}",
            },
            "reason": {
                "p": "sensor",
                "name": "Last reason",
                "ic": "mdi:comment-question",
                "stat_t": self.topics.every_access(door.door),
                "val_tpl": _REASON,
            },
            "update": {"p": "update", "name": "Version", "stat_t": self.topics.version} | _DIAGNOSTIC,
        }
        absent = {name for name, wire in WIRED.items() if wire not in wired}
        present = {name: one for name, one in components.items() if name not in absent}
        return present | dict(self.more(door.door))


_DIAGNOSTIC: dict[str, object] = {"ent_cat": "diagnostic"}
_REASON = (
    "{% if value_json.event_type in ('granted', 'denied') %}"
    "{{ value_json.reason }}{% else %}{{ this.state }}{% endif %}"
)
"""Duress is left out: who is beside the person may see the dashboard."""


def _sensor(name: str | None, device_class: str, topic: str, key: str) -> dict[str, object]:
    """A binary sensor; without a name it has the device's."""
    value = f"value_json.{key}"
    on_or_off = f"{{{{ 'None' if {value} == none else 'ON' if {value} else 'OFF' }}}}"
    return {"p": "binary_sensor", "name": name, "dev_cla": device_class, "stat_t": topic, "val_tpl": on_or_off}
