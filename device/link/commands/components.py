"""Home Assistant's lock and button of a door, where the settings allow commands.

https://www.home-assistant.io/integrations/lock.mqtt/ and https://www.home-assistant.io/integrations/button.mqtt/
"""

from device.link.commands.heard import CommandTopics
from device.link.settings.commands import CommandSettings
from device.records import DoorState
from device.records.remote import RemoteCommand

_AT = "'at': as_timestamp(now())"
_CODED = f"{{{{ {{'command': value, 'code': code, {_AT}}} | to_json }}}}"
_PRESSED = f"{{{{ {{'command': value, {_AT}}} | to_json }}}}"
_STATE = (
    f"{{{{ 'JAMMED' if value_json.state == '{DoorState.FAULT}' else 'UNLOCKED' if value_json.released "
    "else 'LOCKED' }}"
)


def components(door: str, topics: CommandTopics, settings: CommandSettings) -> dict[str, dict[str, object]]:
    """The entities of one door; none where commands are off. The lock shows what the door says, not what was asked."""
    found: dict[str, dict[str, object]] = {}
    if settings.home_assistant != "off":
        found["command"] = {
            "p": "lock",
            "name": "Release",
            "cmd_t": topics.lock(door),
            "cmd_tpl": _CODED,
            "code_format": "^[0-9]{8}$",
            "pl_unlk": RemoteCommand.RELEASE.value,
            "pl_lock": RemoteCommand.SECURE.value,
            "stat_t": topics.topics.state(door),
            "val_tpl": _STATE,
            "stat_locked": "LOCKED",
            "stat_unlocked": "UNLOCKED",
            "stat_jam": "JAMMED",
            "opt": False,
            "ret": False,
        }
    if settings.home_assistant == "button":
        found["press"] = {
            "p": "button",
            "name": "Release once",
            "cmd_t": topics.button(door),
            "cmd_tpl": _PRESSED,
            "pl_prs": RemoteCommand.RELEASE.value,
            "ret": False,
        }
    return found
